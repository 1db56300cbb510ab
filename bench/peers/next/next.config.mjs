// Next.js as it comes, but for addresses with a slash at their end and no word of what serves them.

import { dirname } from 'node:path';

/** @type {import('next').NextConfig} */
export default {
  trailingSlash: true,
  poweredByHeader: false,
  // Packages lie beside the builds: builds/<digest>/ is this folder.
  turbopack: { root: dirname(dirname(import.meta.dirname)) },
};
