// Finished pages in memory, each packed once; what a request costs is Koa, its router and the socket.
//
// In: the folder PAGES with index.json, which names a file for each path. Never reads a file twice.

import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import Router from '@koa/router';
import Koa from 'koa';
import { serve } from './serve.mjs';

const CACHE_CONTROL =
  'public, max-age=0, s-maxage=60, stale-while-revalidate=60, stale-if-error=86400';

const PACK = {
  gzip: (body) => gzipSync(body, { level: 9 }),
  br: (body) => brotliCompressSync(body, { params: { [constants.BROTLI_PARAM_QUALITY]: 9 } }),
  identity: (body) => body,
};

class Page {
  constructor(body) {
    this.tag = createHash('sha1').update(body).digest('base64url');
    this.variants = { identity: this.build(body, 'identity') };
  }

  // A body in one coding with the headers that go with it; packed when first asked for.
  variant(coding) {
    return (this.variants[coding] ??= this.build(this.variants.identity.body, coding));
  }

  build(body, coding) {
    const headers = {
      'Content-Type': 'text/html; charset=utf-8',
      'Cache-Control': CACHE_CONTROL,
      Vary: 'Accept-Encoding',
      ETag: coding === 'identity' ? `"${this.tag}"` : `"${this.tag}-${coding}"`,
    };
    if (coding !== 'identity') headers['Content-Encoding'] = coding;
    return { body: PACK[coding](body), headers };
  }
}

function readPages(folder) {
  const index = JSON.parse(readFileSync(join(folder, 'index.json'), 'utf8'));
  return new Map(
    Object.entries(index).map(([path, file]) => [path, new Page(readFileSync(join(folder, file)))]),
  );
}

function buildApp() {
  const pages = readPages(process.env.PAGES);
  const router = new Router();
  router.get('/{*path}', (ctx) => {
    const page = pages.get(ctx.path);
    if (!page) return;
    const { body, headers } = page.variant(ctx.acceptsEncodings('br', 'gzip', 'identity') || 'identity');
    ctx.set(headers);
    ctx.status = 200; // `fresh` asks for it
    if (ctx.fresh) ctx.status = 304;
    else ctx.body = body;
  });
  return new Koa().use(router.routes()).use(router.allowedMethods());
}

await serve(buildApp);
