// A page with incremental static regeneration: made once, served from the cache, made again a minute later.

import { notFound } from 'next/navigation';
import { fetchPage } from '../../content.mjs';

export const revalidate = 60;

export function generateStaticParams() {
  return [{ path: [] }]; // others are made when they are first asked for
}

export default async function Page({ params }) {
  const { path = [] } = await params;
  const page = await fetchPage(path);
  if (!page) notFound();
  return (
    <>
      <title>{page.title}</title>
      {page.head.map(([Tag, attributes], i) => <Tag key={i} {...attributes} />)}
      <div className={page.bodyClass} dangerouslySetInnerHTML={{ __html: page.body }} />
    </>
  );
}
