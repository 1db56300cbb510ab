-- apply.lua: the one writer of a site's content in Redis. Atomic, idempotent, ordered.
--
-- KEYS[1]  sos:{host}:meta   every other key of the site is this one with another last word; all
--                            share the hash tag {host}, so that Redis Cluster keeps them together
-- ARGV[1]  now, seconds since 1970 UTC; '' takes the server's clock
-- ARGV[2…] operations of four words each:
--            put    REF SEQ JSON   REF is post:ID term:ID user:ID menu:ID site types taxonomies
--            remove REF SEQ ''
--            ready  ''  ''  ''     the store is complete from here on
--          ID and SEQ are whole numbers below 10^14
-- Returns one word an operation: applied | unchanged | stale | error: why
-- An operation that errs changes nothing: all that may fail is looked at before the first write.
-- What the keys hold, and what a document is, is told in docs/content-store.md.

local SCHEMA = '1'
local STREAM_LENGTH = 10000
local EVENT_NAMES = 500
local LONGEST = 8 * 1024 * 1024  -- bytes of a document that readers take
local LARGEST = 99999999999999  -- the most digits that cjson.encode keeps
local CALLOUT = 'sos_callout'  -- the post type of what the front page alone shows; it has no path

local prefix = string.sub(KEYS[1], 1, -5)
local META, DOC, ENTRY = KEYS[1], prefix .. 'doc', prefix .. 'entry'
local PATH, OLD, GONE = prefix .. 'path', prefix .. 'old', prefix .. 'gone'
local REMOVED, SIZE, SEQ = prefix .. 'removed', prefix .. 'size', prefix .. 'seq'
local AT, UNTIL = prefix .. 'at', prefix .. 'until'
local TOUCHED, EVENTS = prefix .. 'touched', prefix .. 'events'

local call = redis.call
local time = call('TIME')
local now = tonumber(ARGV[1] ~= '' and ARGV[1] or time[1])

-- ---------------------------------------------------------------- plain functions

local function text(value)
  return type(value) == 'string' and value or ''
end

local function whole(value)
  if type(value) == 'string' and not string.match(value, '^%s*%d+%s*$') then return 0 end
  local number = type(value) ~= 'boolean' and tonumber(value)
  if not number or number ~= number then return 0 end
  if number < 0 or number > LARGEST then return 0 end
  return math.floor(number)
end

local function ref_of(kind, id)
  return string.format('%s:%.0f', kind, id)
end

-- Seconds since 1970 of WordPress's 'YYYY-MM-DDTHH:MM:SS' (UTC); nil for what is no such date.
local function epoch(value)
  local y, m, d, h, i, s =
    string.match(text(value), '^(%d%d%d%d)-(%d%d)-(%d%d)[T ](%d%d):(%d%d):(%d%d)')
  if not y then return nil end
  y, m, d, h, i, s = tonumber(y), tonumber(m), tonumber(d), tonumber(h), tonumber(i), tonumber(s)
  local leap = y % 4 == 0 and (y % 100 ~= 0 or y % 400 == 0)
  local days_in = { 31, leap and 29 or 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 }
  if y < 1 or m < 1 or m > 12 or d < 1 or d > days_in[m] then return nil end
  if h > 23 or i > 59 or s > 59 then return nil end
  if m <= 2 then y = y - 1 end
  local era = math.floor(y / 400)
  local year = y - era * 400
  local day = math.floor((153 * ((m + 9) % 12) + 2) / 5) + d - 1
  local days = era * 146097 + year * 365 + math.floor(year / 4) - math.floor(year / 100) + day
  return (days - 719468) * 86400 + h * 3600 + i * 60 + s
end

-- A path in the one form in which it is stored: escapes lower-case, none that is not needed, and no
-- empty segment, because browsers take '//x/' for a host.
local function canonical(path)
  path = string.gsub(path, '%%(%x?%x?)', function(hex)
    if #hex < 2 then return '%25' .. hex end
    local char = string.char(tonumber(hex, 16))
    if string.match(char, '[%w%-%._~]') then return char end
    return '%' .. string.lower(hex)
  end)
  path = string.gsub(path, '[^%w%-%._~!$&\'()*+,;=:@/%%]', function(char)
    return string.format('%%%02x', string.byte(char))
  end)
  path = string.gsub('/' .. path, '/+', '/')
  if #path > 2000 then return nil end
  return path
end

local function meta(field)
  return call('HGET', META, field) or ''
end

-- Public path of a WordPress permalink; nil for a plain one (?p=12), which has none of its own.
local function path_of_link(link)
  local path = string.match(text(link), '^%a[%w+.-]*://[^/?#]*([^#]*)')
  if not path or string.find(path, '?', 1, true) then return nil end
  path = canonical(path)
  local base = meta('base')
  if path and base ~= '' and string.sub(path .. '/', 1, #base + 1) == base .. '/' then
    path = string.sub(path, #base + 1)
  end
  return path == '' and '/' or path
end

-- At most 1,000 bytes of a text, always UTF-8: an entry that can't be decoded is lost to readers.
local function shortened(value)
  value = string.sub(value, 1, 1000)
  local tail = string.match(value, '[\192-\255][\128-\191]*$') or ''
  local first = string.byte(tail) or 0
  local whole_length = first >= 240 and 4 or first >= 224 and 3 or first >= 192 and 2 or 0
  if #tail < whole_length then value = string.sub(value, 1, #value - #tail) end
  local rest = value
  for _, sequence in ipairs({
    '[\194-\223][\128-\191]', '\224[\160-\191][\128-\191]', '\237[\128-\159][\128-\191]',
    '[\225-\236\238\239][\128-\191][\128-\191]', '\240[\144-\191][\128-\191][\128-\191]',
    '[\241-\243][\128-\191][\128-\191][\128-\191]', '\244[\128-\143][\128-\191][\128-\191]',
  }) do rest = string.gsub(rest, sequence, ' ') end
  return string.find(rest, '[\128-\255]') and string.gsub(value, '[\128-\255]', '?') or value
end

-- ---------------------------------------------------------------- what this call changes

local touched, changed, common = {}, false, false
local stamp, rules_made = time[1] .. '.' .. time[2], 0

-- How entries follow from documents has changed: an equal document has to be taken apart once more.
local function change_rules()
  rules_made = rules_made + 1
  call('HSET', META, 'rules', stamp .. '-' .. rules_made)
end

-- Keys were lost. From here on the store is another one, and not ready: what is missing must not be
-- taken for absent, and writing every document again brings it back.
local function damaged()
  call('HDEL', META, 'ready')
  call('HSET', META, 'epoch', stamp)
  change_rules()
  changed = true
end

local function decode_entry(ref)
  local json = call('HGET', ENTRY, ref)
  if not json then return nil end
  local sound, entry = pcall(cjson.decode, json)
  if sound and type(entry) == 'table' and type(entry.lists) == 'table' then return entry end
  damaged()
  return nil
end

local function touch(name)
  touched[name] = true
end

local function member(id)
  return string.format('%012.0f', id)
end

local function touch_neighbours(name, id)
  local rank = call('ZRANK', prefix .. 'list:' .. name, member(id))
  if not rank then return end
  for _, step in ipairs({ -1, 1 }) do
    local at = rank
    -- What is not visible now is skipped by readers, so whoever stands behind it is a neighbour.
    for _ = 1, 20 do
      at = at + step
      local found = at >= 0 and call('ZRANGE', prefix .. 'list:' .. name, at, at)[1]
      if not found then break end
      touch(ref_of('post', tonumber(found)))
      local entry = decode_entry(ref_of('post', tonumber(found)))
      if not entry or entry.til == 0 or entry.til > now then break end
    end
  end
end

local function set_size(name, size)
  if size == 0 then call('HDEL', SIZE, name) else call('HSET', SIZE, name, size) end
end

local function check_list(name)
  local known, size = call('HGET', SIZE, name), call('ZCARD', prefix .. 'list:' .. name)
  -- Where all sizes were lost, the store is known to be damaged, and each is learnt again.
  if not known and meta('ready') == '' then return true end
  if size == tonumber(known or 0) then return true end
  damaged()
  set_size(name, size)
  return false
end

local function check_every_list()
  local sound = true
  for _, name in ipairs(call('HKEYS', SIZE)) do sound = check_list(name) and sound end
  return sound
end

-- Change one list. Neighbours show each other only in the list of their own type.
local function change_list(name, id, score)
  check_list(name)
  local list, neighbours = prefix .. 'list:' .. name, string.sub(name, 1, 5) == 'type:'
  if neighbours then touch_neighbours(name, id) end
  if score then call('ZADD', list, score, member(id)) else call('ZREM', list, member(id)) end
  if neighbours then touch_neighbours(name, id) end
  set_size(name, call('ZCARD', list))
  touch('list:' .. name)
end

local function relist(id, before, after)
  for name in pairs(before) do
    if not after[name] then change_list(name, id, nil) end
  end
  for name, score in pairs(after) do
    if before[name] ~= score then change_list(name, id, score) end
  end
end

-- ---------------------------------------------------------------- from document to entry

-- A post stands in the archives of its terms and of all terms above them, as in WordPress.
local function term_lists(ids, score, lists)
  for _, id in ipairs(ids) do
    local seen = 0
    while id > 0 and seen < 50 and not lists[ref_of('term', id)] do
      lists[ref_of('term', id)] = score
      local parent = decode_entry(ref_of('term', id))
      id, seen = parent and parent.parent or 0, seen + 1
    end
  end
end

local function post_lists(entry)
  local lists = {}
  if entry.type == CALLOUT then return { ['type:' .. CALLOUT] = entry.at } end
  if entry.path == '' then return lists end
  lists['type:' .. entry.type] = entry.at
  if entry.type == 'attachment' then return lists end
  if entry.parent > 0 or entry.type == 'page' then
    lists['children:' .. string.format('%.0f', entry.parent)] = entry.order
  end
  if entry.type == 'page' then return lists end
  if entry.type == 'post' and entry.author > 0 then
    lists['author:' .. string.format('%.0f', entry.author)] = entry.at
  end
  if entry.format ~= '' then lists['format:' .. entry.format] = entry.at end
  if entry.sticky and entry.type == 'post' then lists['sticky'] = entry.at end
  term_lists(entry.terms, entry.at, lists)
  return lists
end

local function rendered(value)
  if type(value) == 'table' then value = value.rendered end
  return shortened(text(value))
end

local function is_protected(doc)
  for _, field in ipairs({ 'content', 'excerpt' }) do
    if type(doc[field]) == 'table' and doc[field].protected == true then return true end
  end
  return false
end

local DEFAULT_FIELDS = '["categories","tags"]'

local function post_terms(doc)
  local ids = {}
  for _, field in ipairs(cjson.decode(meta('fields') ~= '' and meta('fields') or DEFAULT_FIELDS)) do
    if type(doc[field]) == 'table' then
      for _, id in ipairs(doc[field]) do
        if whole(id) > 0 then ids[#ids + 1] = whole(id) end
      end
    end
  end
  return ids
end

local function add_deps(deps, more)
  if type(more) ~= 'table' then return end
  for _, ref in ipairs(more) do
    if type(ref) == 'string' and string.match(ref, '^%l+:%d+$') then deps[#deps + 1] = ref end
  end
end

-- WordPress's menu_order is a 32-bit integer; a score must be one that survives JSON.
local function menu_order(value)
  local number = type(value) ~= 'boolean' and tonumber(value) or 0
  if number ~= number then return 0 end
  return math.floor(math.max(-2147483648, math.min(2147483647, number)))
end

local function type_of(doc)
  return text(doc.type) ~= '' and doc.type or 'post'
end

local function post_entry(doc, sos)
  local entry = {
    type = type_of(doc),
    at = epoch(doc.date_gmt) or epoch(doc.date) or epoch(doc.modified_gmt) or 0,
    mod = epoch(doc.modified_gmt) or epoch(doc.modified) or 0,
    til = math.max(epoch(sos.expires_gmt) or 0, epoch(sos.expires_gmt) and 1 or 0),
    parent = whole(doc.type == 'attachment' and doc.post or doc.parent),
    order = menu_order(doc.menu_order),
    author = whole(doc.author),
    sticky = doc.sticky == true,
    format = string.match(text(doc.format), '^%l+$') or '',
    title = rendered(doc.title),
    protected = is_protected(doc),
    terms = post_terms(doc),
    path = (text(sos.path) ~= '' and canonical(sos.path)) or path_of_link(doc.link) or '',
  }
  if entry.format == 'standard' then entry.format = '' end
  if entry.type == CALLOUT then entry.path = '' end
  local deps = {}
  if entry.author > 0 then deps[#deps + 1] = ref_of('user', entry.author) end
  if whole(doc.featured_media) > 0 then deps[#deps + 1] = ref_of('post', whole(doc.featured_media)) end
  if entry.type == 'attachment' and entry.parent > 0 then
    deps[#deps + 1] = ref_of('post', entry.parent)
  end
  for _, id in ipairs(entry.terms) do deps[#deps + 1] = ref_of('term', id) end
  add_deps(deps, sos.deps)
  entry.deps = deps
  entry.lists = post_lists(entry)
  return entry
end

-- The documents that a menu's items lead to.
local function menu_deps(sos)
  local deps, seen = {}, {}
  for _, item in ipairs(type(sos.items) == 'table' and sos.items or {}) do
    local kind = type(item) == 'table' and ({ post_type = 'post', taxonomy = 'term' })[item.type]
    local ref = kind and whole(item.object_id) > 0 and ref_of(kind, whole(item.object_id))
    if ref and not seen[ref] then deps[#deps + 1], seen[ref] = ref, true end
  end
  return deps
end

local function linked_entry(kind, doc, sos)
  local entry = {
    type = kind == 'term' and text(doc.taxonomy) or kind,
    at = 0, mod = 0, til = 0,
    parent = whole(doc.parent),
    title = shortened(text(doc.name)),
    path = (text(sos.path) ~= '' and canonical(sos.path)) or path_of_link(doc.link) or '',
    deps = {},
    lists = {},
  }
  if kind == 'menu' then
    entry.path = ''
    entry.lists['menus'] = whole(doc.id)
    entry.deps = menu_deps(sos)
  elseif entry.path ~= '' then
    entry.lists[kind == 'term' and ('terms:' .. entry.type) or 'users'] = whole(doc.id)
  end
  return entry
end

-- A term that moved below another takes its posts' places in the archives above it along.
local function relist_members(id)
  local list = prefix .. 'list:term:' .. string.format('%.0f', id)
  for _, post in ipairs(call('ZRANGE', list, 0, -1)) do
    local ref = ref_of('post', tonumber(post))
    local entry = decode_entry(ref)
    if entry then
      local lists = post_lists(entry)
      relist(tonumber(post), entry.lists, lists)
      entry.lists = lists
      call('HSET', ENTRY, ref, cjson.encode(entry))
    end
  end
end

local function apply_site(doc)
  local home = text(doc.home) ~= '' and doc.home or text(doc.url)
  local base = string.match(home, '^%a[%w+.-]*://[^/?#]*([^?#]*)') or ''
  local sos = type(doc.sos) == 'table' and doc.sos or {}
  local settings = type(sos.settings) == 'table' and sos.settings or {}
  -- The REST index tells the front page from WordPress 6.8 on, the settings do before.
  local front = text(doc.show_on_front) ~= '' and doc or settings
  local static = front.show_on_front == 'page'
  base = string.gsub(canonical(base) or '', '/$', '')
  if base ~= meta('base') then change_rules() end
  call('HSET', META,
    'base', base,
    'front', static and string.format('%.0f', whole(front.page_on_front)) or '0',
    'posts_page', static and string.format('%.0f', whole(front.page_for_posts)) or '0',
    'per_page', string.format('%.0f', math.max(1, math.min(100, whole(settings.posts_per_page))))
  )
  if whole(settings.posts_per_page) == 0 then call('HSET', META, 'per_page', '10') end
end

local function apply_types(doc)
  for path, ref in pairs(cjson.decode(meta('type_paths') ~= '' and meta('type_paths') or '{}')) do
    if call('HGET', PATH, path) == ref then call('HDEL', PATH, path) end
  end
  local paths = {}
  for slug, description in pairs(doc) do
    local sos = type(description) == 'table' and type(description.sos) == 'table'
      and description.sos or {}
    local path = text(sos.archive_path) ~= '' and canonical(sos.archive_path)
    if path and slug ~= CALLOUT and string.match(slug, '^[%w_-]+$') then
      paths[path] = 'type:' .. slug
      call('HSET', PATH, path, paths[path])
      call('HDEL', GONE, path)
      call('HDEL', OLD, path)
    end
  end
  call('HSET', META, 'type_paths', cjson.encode(paths))
end

local function apply_taxonomies(doc)
  local fields = {}
  for slug, description in pairs(doc) do
    if type(description) == 'table' then
      fields[#fields + 1] = text(description.rest_base) ~= '' and description.rest_base or slug
    end
  end
  table.sort(fields)
  local json = #fields > 0 and cjson.encode(fields) or DEFAULT_FIELDS
  if json ~= (meta('fields') ~= '' and meta('fields') or DEFAULT_FIELDS) then change_rules() end
  call('HSET', META, 'fields', json)
end

-- ---------------------------------------------------------------- operations

local SINGLES = { site = apply_site, types = apply_types, taxonomies = apply_taxonomies }
local KINDS = { post = true, term = true, user = true, menu = true }

local function take_path(ref, entry)
  if entry.path == '' then return end
  local holder = call('HGET', PATH, entry.path)
  if holder and holder ~= ref then
    if entry.type == 'attachment' then
      entry.path, entry.lists = '', {}
      return
    end
    -- WordPress has the rules of type archives before those of pages.
    if string.sub(holder, 1, 5) == 'type:' then return end
    touch(holder)
  end
  call('HSET', PATH, entry.path, ref)
  call('HDEL', GONE, entry.path)
  call('HDEL', OLD, entry.path)
end

local function leave_path(ref, path)
  if path == '' or call('HGET', PATH, path) ~= ref then return false end
  call('HDEL', PATH, path)
  return true
end

local function schedule(ref, entry)
  if entry and entry.at > now then call('ZADD', AT, entry.at, ref) else call('ZREM', AT, ref) end
  if entry and entry.til > 0 then
    call('ZADD', UNTIL, entry.til, ref)
  else
    call('ZREM', UNTIL, ref)
  end
end

local function depend(ref, before, after)
  for _, dep in ipairs(before) do call('SREM', prefix .. 'rdeps:' .. dep, ref) end
  for _, dep in ipairs(after) do call('SADD', prefix .. 'rdeps:' .. dep, ref) end
end

local function same_in_menu(a, b)
  return a and b and a.title == b.title and a.path == b.path and a.parent == b.parent
    and a.order == b.order and a.type == b.type and a.at == b.at and a.til == b.til
end

local function in_menu(ref, entry)
  if call('ZCARD', prefix .. 'list:menus') == 0 then
    return entry.type == 'page' and entry.parent == 0
  end
  for _, dependent in ipairs(call('SMEMBERS', prefix .. 'rdeps:' .. ref)) do
    if string.sub(dependent, 1, 5) == 'menu:' then return true end
  end
  return false
end

-- Menus and site data stand on every page. A site without menus shows its top pages instead.
local function note(ref, entry, other)
  touch(ref)
  if ref == 'site' or ref == 'types' or ref == 'taxonomies'
    or call('SISMEMBER', prefix .. 'rdeps:' .. ref, 'site') == 1 then
    common = true
    touch('site')
  elseif string.sub(ref, 1, 5) == 'menu:'
    or (not same_in_menu(entry, other) and in_menu(ref, entry)) then
    common = true
    touch('menus')
  end
end

-- Highest sequence number that this call has met, beyond which a counter has no business to be.
local top, HIGHEST_COUNTER = 0, 10000000000000

local function is_older(ref, old, seq)
  local last = old and old.seq or tonumber(call('HGET', REMOVED, ref) or '-1')
  top = math.max(top, math.min(math.max(seq, last), HIGHEST_COUNTER))
  return seq < last
end

local function remove(kind, id, ref, seq)
  local old = decode_entry(ref)
  if is_older(ref, old, seq) then return 'stale' end
  call('HSET', REMOVED, ref, string.format('%.0f', seq))
  if not old then return 'unchanged' end
  if SINGLES[kind] then SINGLES[kind]({}) end
  note(ref, old)
  relist(id, old.lists, {})
  if leave_path(ref, old.path) then call('HSET', GONE, old.path, string.format('%.0f', now)) end
  depend(ref, old.deps, {})
  schedule(ref, nil)
  call('HDEL', ENTRY, ref)
  call('HDEL', DOC, ref)
  if kind == 'term' and old.parent > 0 then relist_members(id) end
  changed = true
  return 'applied'
end

local function entry_of(kind, ref, doc)
  local sos = type(doc.sos) == 'table' and doc.sos or {}
  if kind == 'post' then return post_entry(doc, sos), sos end
  if not SINGLES[kind] then return linked_entry(kind, doc, sos), sos end
  SINGLES[kind](doc)
  local entry = { type = ref, at = 0, mod = 0, til = 0, parent = 0, path = '', title = '' }
  entry.deps, entry.lists = {}, {}
  if ref == 'site' and whole(doc.site_logo) > 0 then
    entry.deps[1] = ref_of('post', whole(doc.site_logo))
  end
  return entry, sos
end

local function is_name(value)
  return #value <= 60 and string.match(value, '^[%w_-]+$') ~= nil
end

local function is_visible(doc)
  return doc.status == 'publish' or doc.status == 'future'
    or (doc.status == 'inherit' and type_of(doc) == 'attachment')
end

-- The document, or nil and what is wrong with it.
local function read_document(kind, id, json)
  if #json > LONGEST then return nil, 'error: longer than 8 MiB' end
  local sound, doc = pcall(cjson.decode, json)
  if not sound or type(doc) ~= 'table' or not string.find(json, '^%s*{') then
    return nil, 'error: not a JSON object'
  end
  if id and whole(doc.id) ~= id then return nil, 'error: id differs from reference' end
  if kind == 'term' and not is_name(text(doc.taxonomy)) then return nil, 'error: bad taxonomy' end
  if kind ~= 'post' then return doc end
  if text(doc.status) == '' then return nil, 'error: no status' end
  if (doc.type ~= nil and type(doc.type) ~= 'string') or not is_name(type_of(doc)) then
    return nil, 'error: bad type'
  end
  local expires = type(doc.sos) == 'table' and doc.sos.expires_gmt
  if expires and expires ~= cjson.null and expires ~= '' and not epoch(expires) then
    return nil, 'error: bad sos.expires_gmt'
  end
  return doc
end

-- What an entry follows from besides its document: a loss undoes all, other rules all but these.
local function rules_for(kind)
  return meta(SINGLES[kind] and 'epoch' or 'rules')
end

-- Whether the store has this very document, and all that follows from it.
local function is_kept(kind, ref, old, json)
  return old ~= nil and call('HGET', DOC, ref) == json and old.rules == rules_for(kind)
    and (old.path == '' or call('HEXISTS', PATH, old.path) == 1)
end

-- What was known of it. Where the rules have changed since, no list is relied on to have it; with
-- another end it may appear in lists where it keeps its place, and who reads them has to know.
local function known_before(kind, old, entry)
  if not old then return { path = '', lists = {}, deps = {}, parent = 0 } end
  if old.rules ~= rules_for(kind) or old.til ~= entry.til then
    for name in pairs(old.lists) do old.lists[name] = 'unknown' end
  end
  return old
end

local function move(ref, from, to, redirects)
  if from ~= to and leave_path(ref, from) then
    call('HSET', to == '' and GONE or OLD, from, to == '' and string.format('%.0f', now) or ref)
  end
  for _, path in ipairs(type(redirects) == 'table' and redirects or {}) do
    path = type(path) == 'string' and canonical(path)
    if path and call('HEXISTS', PATH, path) == 0 then call('HSET', OLD, path, ref) end
  end
end

local function put(kind, id, ref, seq, json)
  local doc, why = read_document(kind, id, json)
  if not doc then return why end
  if kind == 'post' and not is_visible(doc) then return remove(kind, id, ref, seq) end
  local old = decode_entry(ref)
  if is_older(ref, old, seq) then return 'stale' end
  if is_kept(kind, ref, old, json) then
    old.seq = seq
    call('HSET', ENTRY, ref, cjson.encode(old))
    return 'unchanged'
  end
  local entry, sos = entry_of(kind, ref, doc)
  take_path(ref, entry)
  local before = known_before(kind, old, entry)
  move(ref, before.path, entry.path, sos.redirects)
  relist(id, before.lists, entry.lists)
  depend(ref, before.deps, entry.deps)
  schedule(ref, entry)
  entry.seq, entry.rev, entry.rules = seq, whole(meta('rev')) + 1, rules_for(kind)
  call('HDEL', REMOVED, ref)
  call('HSET', DOC, ref, json)
  call('HSET', ENTRY, ref, cjson.encode(entry))
  if kind == 'term' and before.parent ~= entry.parent then relist_members(id) end
  if old then note(ref, old, entry) end
  note(ref, entry, old)
  changed = true
  return 'applied'
end

local function ready()
  if not check_every_list() then return 'error: keys were lost; write every document again' end
  if meta('ready') ~= '' then return 'unchanged' end
  call('HSET', META, 'ready', '1')
  touch('site')
  common, changed = true, true
  return 'applied'
end

-- ---------------------------------------------------------------- this call

local function parse_ref(ref)
  if SINGLES[ref] then return ref, nil end
  local kind, id = string.match(ref, '^(%l+):([1-9]%d*)$')
  if not KINDS[kind or ''] or #id > 14 then return nil, nil end
  return kind, tonumber(id)
end

local function operate(op, ref, seq, json)
  if op == 'ready' then return ready() end
  if op ~= 'put' and op ~= 'remove' then return 'error: unknown operation' end
  if not string.match(seq, '^%d+$') or #seq > 14 then return 'error: bad sequence number' end
  local kind, id = parse_ref(ref)
  if not kind then return 'error: unknown kind of document' end
  -- An import begins with the site, and must know what it has to mend before it begins.
  if ref == 'site' then check_every_list() end
  seq = tonumber(seq)
  if op == 'put' then return put(kind, id, ref, seq, json) end
  return remove(kind, id, ref, seq)
end

local COUNTED = {
  { 'docs', 'HLEN', DOC }, { 'docs', 'HLEN', ENTRY }, { 'paths', 'HLEN', PATH },
  { 'old', 'HLEN', OLD }, { 'gone', 'HLEN', GONE }, { 'at', 'ZCARD', AT },
  { 'until', 'ZCARD', UNTIL }, { 'lists', 'HLEN', SIZE },
}

local function open_store()
  local schema = meta('schema')
  if schema ~= '' and schema ~= SCHEMA then
    return redis.error_reply('SOS schema ' .. schema .. ' is in this store, ' .. SCHEMA .. ' is spoken')
  end
  if schema == '' then
    -- Where the rest of a store is still there, its revisions go on: entries carry them.
    local last = call('ZREVRANGE', TOUCHED, 0, 0, 'WITHSCORES')[2]
    local event = call('XREVRANGE', EVENTS, '+', '-', 'COUNT', 1)[1]
    local rev = math.max(whole(last), whole(event and string.match(event[1], '^%d+')))
    call('HSET', META, 'schema', SCHEMA, 'epoch', stamp, 'rules', stamp, 'rev', rev)
  end
  for _, counted in ipairs(COUNTED) do
    local known = meta(counted[1])
    if known ~= '' and tonumber(known) ~= call(counted[2], counted[3]) then
      damaged()
      break
    end
  end
  -- Names of what changed were lost, no content: who follows has to look at everything once more.
  if meta('touched') ~= '' and tonumber(meta('touched')) ~= call('ZCARD', TOUCHED) then
    call('HSET', META, 'epoch', stamp)
  end
end

local function close_store()
  local rev = call('HINCRBY', META, 'rev', 1)
  if common then call('HSET', META, 'common', rev) end
  local names = {}
  for name in pairs(touched) do
    call('ZADD', TOUCHED, rev, name)
    names[#names + 1] = name
  end
  for _, counted in ipairs(COUNTED) do
    call('HSET', META, counted[1], call(counted[2], counted[3]))
  end
  call('HSET', META, 'touched', call('ZCARD', TOUCHED))
  table.sort(names)
  local what = #names > EVENT_NAMES and '*' or table.concat(names, ' ')
  local event = { 'XADD', EVENTS, 'MAXLEN', '~', STREAM_LENGTH, rev .. '-0', 'touched', what }
  local added = redis.pcall(unpack(event))
  if type(added) == 'table' and added.err then
    -- The stream outlived the rest of the store: its ids are of a history that is gone.
    call('DEL', EVENTS)
    call(unpack(event))
  end
end

if not now or now ~= math.floor(now) or math.abs(now) > LARGEST
  or (#ARGV - 1) % 4 ~= 0 or string.sub(KEYS[1], -5) ~= ':meta' then
  return redis.error_reply('SOS apply.lua was called with arguments that it does not understand')
end
local refusal = open_store()
if refusal then return refusal end
local outcomes = {}
for i = 2, #ARGV, 4 do
  outcomes[#outcomes + 1] = operate(ARGV[i], ARGV[i + 1], ARGV[i + 2], ARGV[i + 3])
end
if changed then close_store() end
-- A counter that was lost must not make every later document look older than what is here.
if top > (tonumber(call('GET', SEQ) or 0) or 0) then call('SET', SEQ, string.format('%.0f', top)) end
return outcomes
