// A list of posts, made anew for each request: one round trip to the store, nunjucks, gzip.
//
// In: STORE (address), HOST (the site's name in it), ORIGIN, STYLE and ICON (what pages link to),
// LEVEL of gzip. Nothing of a page is kept; the site's own documents are, for as long as the
// revision that each read brings along says that they are good.

import { hash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import Router from '@koa/router';
import Redis from 'ioredis';
import Koa from 'koa';
import nunjucks from 'nunjucks';
import { buildPage, buildSite, hasLink, markCurrent } from './page.mjs';
import { serve } from './serve.mjs';

const { STORE, HOST, ORIGIN, STYLE, ICON } = process.env;
const LEVEL = Number(process.env.LEVEL ?? 1);
const FOLDER = import.meta.dirname;
const MOST_KNOWN = 2000; // some megabytes
const CACHE_CONTROL =
  'public, max-age=0, s-maxage=60, stale-while-revalidate=60, stale-if-error=86400';

function connect() {
  const redis = new Redis(STORE.replace(/^unix:\/\//, ''), { enableAutoPipelining: true });
  redis.defineCommand('readList', {
    numberOfKeys: 1,
    lua: readFileSync(join(FOLDER, 'read_list.lua'), 'utf8'),
    readOnly: true,
  });
  return redis;
}

function loadTemplates() {
  const loader = new nunjucks.FileSystemLoader(join(FOLDER, 'templates'), { noCache: false });
  const env = new nunjucks.Environment(loader, {
    autoescape: true,
    trimBlocks: true,
    lstripBlocks: true,
  });
  env.addGlobal('style', STYLE);
  env.addGlobal('icon', ICON);
  // Compiled now, not for the first visitor.
  for (const name of ['base.njk']) env.getTemplate(name, true);
  return { list: env.getTemplate('list.njk', true), menu: env.getTemplate('menu.njk', true) };
}

// Documents by reference, from a flat list of references and JSON. Authors and pictures stand on many
// pages: what comes again with the same text is not parsed again.
class DocumentParser {
  #known = new Map();

  parse(flat) {
    const documents = new Map();
    for (let i = 0; i < flat.length; i += 2) {
      const [ref, json] = [flat[i], flat[i + 1]];
      let known = this.#known.get(ref);
      if (known?.json !== json) {
        known = { json, document: JSON.parse(json) };
        if (this.#known.size >= MOST_KNOWN) this.#known.clear();
        this.#known.set(ref, known);
      }
      documents.set(ref, known.document);
    }
    return documents;
  }
}

function buildApp() {
  const redis = connect();
  const templates = loadTemplates();
  const parser = new DocumentParser();
  let known = { revision: '-1', site: null };

  async function readList(number) {
    const now = Math.floor(Date.now() / 1000);
    const [revision, perPage, total, posts, others, own, hidden] = await redis.readList(
      `sos:{${HOST}}:meta`, now, number, known.revision,
    );
    if (own.length) known = { revision, site: buildSite(parser.parse(own), new Set(hidden), ORIGIN) };
    return { perPage, total, posts: posts.map((json) => JSON.parse(json)), others: parser.parse(others) };
  }

  // Menus are the same on each page that is not in them, and rendered once for all of those.
  function renderMenus(site, url) {
    const key = Object.values(site.menus).some((items) => hasLink(items, url)) ? url : '';
    let html = site.fragments.get(key);
    if (!html) {
      html = {};
      for (const [location, items] of Object.entries(site.menus)) {
        html[location] = templates.menu.render({ location, items: markCurrent(items, url) });
      }
      site.fragments.set(key, html);
    }
    return html;
  }

  async function showList(ctx) {
    const number = Number(ctx.params.number ?? 1);
    if (!Number.isSafeInteger(number) || number < 1) return;
    const found = await readList(number);
    const page = buildPage(known.site, number, found);
    if (!page) return;
    const menus = renderMenus(page.site, page.url);
    const html = Buffer.from(templates.list.render({ ...page, menus }));
    ctx.status = 200; // `fresh` asks for it
    ctx.set({
      'Content-Type': 'text/html; charset=utf-8',
      'Cache-Control': CACHE_CONTROL,
      Vary: 'Accept-Encoding',
      ETag: `W/"${hash('sha1', html)}"`,
    });
    if (ctx.fresh) {
      ctx.status = 304;
    } else if (ctx.acceptsEncodings('gzip', 'identity') === 'gzip') {
      ctx.set('Content-Encoding', 'gzip');
      // A fifth of a millisecond: less than it costs to have another thread do it.
      ctx.body = gzipSync(html, { level: LEVEL });
    } else {
      ctx.body = html;
    }
  }

  const router = new Router();
  router.get('/', showList);
  router.get('/page/:number/', showList);
  return new Koa().use(router.routes()).use(router.allowedMethods());
}

await serve(buildApp);
