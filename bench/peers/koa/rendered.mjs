// A list of posts, made anew for each request: one round trip to the store, nunjucks, gzip.
//
// In: STORE (address), HOST (the site's name in it), ORIGIN, STYLE and ICON (what pages link to),
// LEVEL of gzip. Nothing of a page is kept; the site's own documents are, and with KEEP=1 the cards of
// posts, for as long as the revisions that each read brings along say that they are good.

import { hash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import Router from '@koa/router';
import Redis from 'ioredis';
import Koa from 'koa';
import nunjucks from 'nunjucks';
import { buildCard, buildPage, buildSite, hasLink, markCurrent } from './page.mjs';
import { serve } from './serve.mjs';

const { STORE, HOST, ORIGIN, STYLE, ICON } = process.env;
const LEVEL = Number(process.env.LEVEL ?? 1);
const KEEP = process.env.KEEP === '1';
const FOLDER = import.meta.dirname;
const MOST_KNOWN = 2000; // authors and pictures: some megabytes
const MOST_CARDS = 20_000; // some tens of megabytes
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
  for (const name of ['base.njk', 'card.njk']) env.getTemplate(name, true);
  const names = ['list', 'menu', 'one-card'];
  return Object.fromEntries(names.map((name) => [name, env.getTemplate(`${name}.njk`, true)]));
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

// Cards by reference, built and rendered: all those of one revision of the store.
class KeptCards {
  revision = '-1';
  #cards = new Map();

  has(ref) {
    return this.#cards.has(ref);
  }

  get(ref) {
    return this.#cards.get(ref);
  }

  keep(revision, refs, cards) {
    if (revision !== this.revision || this.#cards.size > MOST_CARDS) this.#cards.clear();
    this.revision = revision;
    refs.forEach((ref, i) => this.#cards.set(ref, cards[i]));
  }
}

function buildApp() {
  const redis = connect();
  const templates = loadTemplates();
  const parser = new DocumentParser();
  const kept = new KeptCards();
  let known = { revision: '-1', site: null };

  async function ask(number, now, keptRevision) {
    const [common, perPage, total, revision, refs, posts, others, own, hidden] =
      await redis.readList(`sos:{${HOST}}:meta`, now, number, known.revision, keptRevision);
    if (own.length) {
      known = { revision: common, site: buildSite(parser.parse(own), new Set(hidden), ORIGIN) };
    }
    return { perPage, total, revision, refs, posts, others };
  }

  async function readList(number) {
    const now = Math.floor(Date.now() / 1000);
    let found = await ask(number, now, kept.revision);
    if (found.revision === kept.revision) {
      if (found.refs.every((ref) => kept.has(ref))) {
        const cards = found.refs.map((ref) => kept.get(ref));
        return { ...found, cards: cards.filter(({ until }) => !until || until > now) };
      }
      found = await ask(number, now, '-1');
    }
    const others = parser.parse(found.others);
    const cards = found.posts.map((json) => buildCard(JSON.parse(json), others, known.site));
    if (KEEP) kept.keep(found.revision, found.refs, cards);
    return { ...found, cards };
  }

  // A kept card is rendered once, or twice where it is the first of a page as well.
  function renderKept(card, first) {
    const which = first ? 'htmlFirst' : 'html';
    card[which] ??= templates['one-card'].render({ card, first });
    return { html: card[which] };
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
    if (KEEP) page.posts = page.posts.map((card, i) => renderKept(card, i === 0));
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
