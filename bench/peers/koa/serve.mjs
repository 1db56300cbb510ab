// From an app to a server on a loopback port that the kernel chose: the port goes to standard output.
//
// One process, or with WORKERS a cluster of so many, as Node's documentation has it.

import cluster from 'node:cluster';

const KEEP_ALIVE_MS = 75_000; // as nginx has it; Node's own 5 s would close connections under load

export async function serve(buildApp) {
  const workers = Number(process.env.WORKERS ?? 1);
  if (workers > 1 && cluster.isPrimary) {
    let ready = 0;
    cluster.on('listening', (_worker, address) => {
      ready += 1;
      if (ready === workers) announce(address.port);
    });
    for (let i = 0; i < workers; i += 1) cluster.fork();
    return;
  }
  const app = await buildApp();
  const server = app.listen(0, '127.0.0.1', () => {
    if (!cluster.isWorker) announce(server.address().port);
  });
  server.keepAliveTimeout = KEEP_ALIVE_MS;
}

function announce(port) {
  console.log(`listening on ${port}`);
}
