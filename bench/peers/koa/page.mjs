// From the documents of the store to what the templates show: site, menus, posts, pagination. No I/O.

import { buildMoment, compileFormat, compileZone } from './dates.mjs';

const SEPARATOR = ' – ';
const RIGHT_TO_LEFT = new Set(['ar', 'fa', 'he', 'ur']);
const TAG = /<[^>]*>/g;
const BASIC = { '&amp;': '&', '&lt;': '<', '&gt;': '>', '&quot;': '"', '&#039;': "'", '&nbsp;': ' ' };

function plainText(html) {
  if (!html) return '';
  const text = html.includes('<') ? html.replace(TAG, ' ') : html;
  const decoded = text.includes('&')
    ? text.replace(/&(?:#(\d+)|#x([0-9a-f]+)|[a-z]+);/gi, (entity, decimal, hex) =>
        BASIC[entity] ?? (decimal ? String.fromCodePoint(decimal) : hex ? String.fromCodePoint(parseInt(hex, 16)) : entity))
    : text;
  return decoded.split(/\s+/).filter(Boolean).join(' ');
}

function rendered(field) {
  return typeof field === 'string' ? field : (field?.rendered ?? '');
}

// ---------------------------------------------------------------- site

// `own` are documents by reference, `hidden` what no menu may lead to; `origin` is the public site, such as https://www.example.org.
export function buildSite(own, hidden, origin) {
  const site = own.get('site') ?? {};
  const settings = site.sos?.settings ?? {};
  const language = (site.sos?.language || settings.language || 'en-US').replaceAll('_', '-');
  const home = (site.home || site.url || '').replace(/\/+$/, '');
  const built = {
    origin,
    home,
    title: plainText(site.name) || new URL(origin).host,
    tagline: plainText(site.description),
    language,
    locale: language.replaceAll('-', '_'),
    direction: RIGHT_TO_LEFT.has(language.split('-')[0]) ? 'rtl' : 'ltr',
    hidden: [false, 0, '0'].includes(settings.blog_public),
    offset: compileZone(site.timezone_string, site.gmt_offset),
    formatDate: compileFormat(settings.date_format || 'F j, Y'),
    fragments: new Map(),
    images: new WeakMap(),
  };
  built.icon = toPath(site.site_icon_url ?? '', built);
  built.logo = site.site_logo ? buildImage(own.get(`post:${site.site_logo}`), built) : null;
  built.menus = buildMenus(own, hidden, built);
  return built;
}

function toPublic(html, site) {
  return site.home && html.includes(site.home) ? html.replaceAll(site.home, site.origin) : html;
}

function toPath(url, site) {
  for (const base of [site.home, site.origin]) {
    if (base && url.startsWith(base)) {
      const rest = url.slice(base.length);
      if (rest === '' || '/?#'.includes(rest[0])) return rest.startsWith('/') ? rest : `/${rest}`;
    }
  }
  return url;
}

function buildMenus(own, hidden, site) {
  const menus = {};
  let first = null;
  for (const [ref, menu] of own) {
    if (!ref.startsWith('menu:')) continue;
    const items = buildMenu(withoutHidden(menu.sos?.items ?? [], hidden), site);
    first ??= items;
    for (const location of menu.sos?.locations ?? []) menus[location] ??= items;
  }
  menus.primary ??= first ?? topPages(own, site);
  return menus;
}

function topPages(own, site) {
  return [...own.values()]
    .filter((document) => document.type === 'page')
    .map((page) => ({ title: rendered(page.title), url: pathOf(page, site), classes: '', children: [] }));
}

// What hangs on an item that leads to something hidden moves up.
function withoutHidden(items, hidden) {
  const kinds = { post_type: 'post', taxonomy: 'term' };
  const gone = new Map();
  for (const item of items) {
    if (hidden.has(`${kinds[item.type]}:${item.object_id}`)) gone.set(item.id, item.parent);
  }
  const above = (parent) => (gone.has(parent) ? above(gone.get(parent)) : parent);
  return items
    .filter((item) => !gone.has(item.id))
    .map((item) => ({ ...item, parent: above(item.parent) }));
}

function buildMenu(items, site) {
  const known = new Set(items.map((item) => item.id));
  const below = new Map();
  for (const item of [...items].sort((a, b) => a.menu_order - b.menu_order)) {
    const parent = known.has(item.parent) ? item.parent : 0;
    below.set(parent, [...(below.get(parent) ?? []), item]);
  }
  const level = (parent) =>
    (below.get(parent) ?? []).map((item) => ({
      title: toPublic(rendered(item.title), site),
      text: plainText(rendered(item.title)),
      url: item.url === '#' ? '' : toPath(item.url ?? '', site),
      newTab: item.target === '_blank',
      description: item.description ?? '',
      classes: (item.classes ?? []).filter(Boolean).join(' '),
      children: level(item.id),
    }));
  return level(0);
}

// The same menu with the entry of this page marked, and those above it.
export function markCurrent(items, url) {
  return items.map((item) => {
    const children = markCurrent(item.children, url);
    const ancestor = children.some((child) => child.current || child.ancestor);
    return { ...item, children, ancestor, current: item.url === url };
  });
}

export function hasLink(items, url) {
  return items.some((item) => item.url === url || hasLink(item.children, url));
}

// ---------------------------------------------------------------- posts

function pathOf(document, site) {
  return document.sos?.path || toPath(document.link ?? '', site);
}

// The same picture stands on many pages, and is built once for each document that was parsed.
function buildImage(document, site) {
  if (!document?.mime_type?.startsWith('image/')) return null;
  let image = site.images.get(document);
  if (!image) site.images.set(document, (image = buildPicture(document, site)));
  return image;
}

function buildPicture(document, site) {
  const { width = 0, height = 0, sizes = {} } = document.media_details ?? {};
  const files = new Map();
  for (const size of Object.values(sizes)) {
    if (Math.abs(Math.round((size.width * height) / width) - size.height) <= 1) {
      files.set(size.width, size.source_url);
    }
  }
  if (width) files.set(width, document.source_url);
  const srcset = [...files]
    .sort(([a], [b]) => a - b)
    .map(([w, url]) => `${toPath(url, site)} ${w}w`);
  return {
    url: toPath(document.source_url, site),
    alt: document.alt_text ?? '',
    width,
    height,
    srcset: srcset.length > 1 ? srcset.join(', ') : '',
  };
}

export function buildCard(post, others, site) {
  const published = buildMoment(post.date_gmt ?? post.date, site);
  const isProtected = Boolean(post.content?.protected || post.excerpt?.protected);
  const title = toPublic(rendered(post.title), site);
  const user = others.get(`user:${post.author}`);
  return {
    type: post.type ?? 'post',
    format: post.format || 'standard',
    sticky: post.sticky === true,
    protected: isProtected,
    url: pathOf(post, site),
    label: title || published.date,
    published,
    author: user?.name ? { name: user.name, url: pathOf(user, site) } : null,
    image: post.featured_media && !isProtected
      ? buildImage(others.get(`post:${post.featured_media}`), site)
      : null,
    excerpt: isProtected ? '' : toPublic(rendered(post.excerpt), site),
    until: post.sos?.expires_gmt ? Date.parse(`${post.sos.expires_gmt}Z`) / 1000 : 0,
  };
}

// ---------------------------------------------------------------- page

export function pageUrl(number) {
  return number === 1 ? '/' : `/page/${number}/`;
}

function buildPagination(current, total) {
  if (total < 2) return null;
  const near = [1, 2, current - 2, current - 1, current, current + 1, current + 2, total - 1, total];
  const numbers = [...new Set(near)].filter((n) => n >= 1 && n <= total).sort((a, b) => a - b);
  return {
    current,
    previous: current > 1 ? pageUrl(current - 1) : '',
    next: current < total ? pageUrl(current + 1) : '',
    links: numbers.map((n, i) => ({ number: n, url: pageUrl(n), gap: i > 0 && n > numbers[i - 1] + 1 })),
  };
}

// `cards` are those of the page, newest first; null where the list has no such page.
export function buildPage(site, number, { perPage, total, cards }) {
  const pages = Math.max(1, Math.ceil(total / perPage));
  if (number > pages) return null;
  const paged = number > 1 ? [`Page ${number}`] : [];
  return {
    site,
    url: pageUrl(number),
    canonical: site.origin + pageUrl(number),
    title: [site.title, ...paged, site.tagline].filter(Boolean).join(SEPARATOR),
    robots: site.hidden ? 'noindex, nofollow' : 'max-image-preview:large',
    bodyClass: number > 1 ? `home blog paged paged-${number}` : 'home blog',
    posts: cards,
    pagination: buildPagination(number, pages),
  };
}
