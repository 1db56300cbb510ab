// `next start` several times on one port, by Node's own cluster: WORKERS, and the words for Next.js.

import cluster from 'node:cluster';

const [exec, ...args] = process.argv.slice(2);
cluster.setupPrimary({ exec, args });
for (let i = 0; i < Number(process.env.WORKERS); i += 1) cluster.fork();
