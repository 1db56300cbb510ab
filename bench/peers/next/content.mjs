// What the content system would say of an address: head and body of the page, read when asked for.

import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

export async function fetchPage(segments) {
  const path = segments.length ? `/${segments.map(decodeURIComponent).join('/')}/` : '/';
  const name = createHash('sha1').update(path).digest('hex');
  try {
    return JSON.parse(await readFile(join(process.env.CONTENT, `${name}.json`), 'utf8'));
  } catch {
    return null;
  }
}
