// One connection to `sos dev` for all tabs and frames of a browser: with one each, the six that
// HTTP/1.1 gets per host would soon be used up, and pages would wait for ever.
"use strict";

const ports = new Set();
let last = null;
let lost = false;

function tell(message) {
  for (const port of ports) port.postMessage(message);
}

function connect() {
  const source = new EventSource("/__dev/events");
  source.onmessage = (event) => {
    lost = false;
    last = JSON.parse(event.data);
    tell(last);
  };
  source.onerror = () => {
    source.close();
    if (!lost) tell({ lost: true });
    lost = true;
    setTimeout(connect, 400);
  };
}

self.onconnect = (event) => {
  const port = event.ports[0];
  ports.add(port);
  port.onmessage = () => ports.delete(port);
  if (lost) port.postMessage({ lost: true });
  else if (last) port.postMessage(last);
};

connect();
