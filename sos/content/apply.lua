-- apply.lua: the one writer of a site's content in Redis. Atomic, idempotent, ordered.
--
-- KEYS[1]  sos:{host}:meta   every other key of the site is this one with another last word; all
--                            share the hash tag {host}, so that Redis Cluster keeps them together
-- ARGV[1]  now, seconds since 1970 UTC; '' takes the server's clock
-- ARGV[2…] operations of four words each:
--            put    REF SEQ JSON   REF is post:ID term:ID user:ID menu:ID site types taxonomies
--            remove REF SEQ ''
--            ready  ''  ''  ''     the store is complete from here on
-- Returns one word an operation: applied | unchanged | stale | error: why
-- What the keys hold, and what a document is, is told in docs/content-store.md.

local SCHEMA = '1'
local STREAM_LENGTH = 10000
local EVENT_NAMES = 500

local prefix = string.sub(KEYS[1], 1, -5)
local META, DOC, ENTRY = KEYS[1], prefix .. 'doc', prefix .. 'entry'
local PATH, OLD, GONE = prefix .. 'path', prefix .. 'old', prefix .. 'gone'
local REMOVED, SIZE, TAX = prefix .. 'removed', prefix .. 'size', prefix .. 'tax'
local AT, UNTIL = prefix .. 'at', prefix .. 'until'
local TOUCHED, EVENTS = prefix .. 'touched', prefix .. 'events'

local call = redis.call
local now = tonumber(ARGV[1])
if not now then
  now = tonumber(call('TIME')[1])
end

-- ---------------------------------------------------------------- plain functions

local function present(value)
  return value ~= nil and value ~= cjson.null and value ~= '' and value ~= 0 and value ~= false
end

local function text(value)
  return type(value) == 'string' and value or ''
end

local function whole(value)
  local number = tonumber(value)
  if type(value) == 'boolean' or not number or number ~= number then return 0 end
  if number < 0 or number > 9007199254740991 then return 0 end
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
  y, m, d = tonumber(y), tonumber(m), tonumber(d)
  if y < 1 or m < 1 or m > 12 or d < 1 or d > 31 then return nil end
  if m <= 2 then y = y - 1 end
  local era = math.floor(y / 400)
  local year = y - era * 400
  local day = math.floor((153 * ((m + 9) % 12) + 2) / 5) + d - 1
  local days = era * 146097 + year * 365 + math.floor(year / 4) - math.floor(year / 100) + day
  return (days - 719468) * 86400 + tonumber(h) * 3600 + tonumber(i) * 60 + tonumber(s)
end

-- A path in the one form in which it is stored: escapes lower-case, none that is not needed.
local function canonical(path)
  path = string.gsub(path, '%%(%x%x)', function(hex)
    local char = string.char(tonumber(hex, 16))
    if string.match(char, '[%w%-%._~]') then return char end
    return '%' .. string.lower(hex)
  end)
  path = string.gsub(path, '[^%w%-%._~!$&\'()*+,;=:@/%%]', function(char)
    return string.format('%%%02x', string.byte(char))
  end)
  if string.sub(path, 1, 1) ~= '/' then path = '/' .. path end
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
  local base = meta('base')
  if base ~= '' and string.sub(path .. '/', 1, #base + 1) == base .. '/' then
    path = string.sub(path, #base + 1)
  end
  return canonical(path == '' and '/' or path)
end

local function decode_entry(ref)
  local json = call('HGET', ENTRY, ref)
  return json and cjson.decode(json) or nil
end

-- ---------------------------------------------------------------- what this call changes

local touched, changed, common = {}, false, false

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
    local at = rank + step
    local found = at >= 0 and call('ZRANGE', prefix .. 'list:' .. name, at, at)[1]
    if found then touch(ref_of('post', tonumber(found))) end
  end
end

local function resize(name)
  local size = call('ZCARD', prefix .. 'list:' .. name)
  if size == 0 then
    call('HDEL', SIZE, name)
  else
    call('HSET', SIZE, name, size)
  end
end

-- Neighbours show each other only in the list of their own type.
local function relist(id, before, after)
  for name in pairs(before) do
    if not after[name] then
      if string.sub(name, 1, 5) == 'type:' then touch_neighbours(name, id) end
      call('ZREM', prefix .. 'list:' .. name, member(id))
      resize(name)
      touch('list:' .. name)
    end
  end
  for name, score in pairs(after) do
    if before[name] ~= score then
      local neighbours = string.sub(name, 1, 5) == 'type:'
      if neighbours and before[name] then touch_neighbours(name, id) end
      call('ZADD', prefix .. 'list:' .. name, score, member(id))
      if neighbours then touch_neighbours(name, id) end
      resize(name)
      touch('list:' .. name)
    end
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
  return string.sub(text(value), 1, 1000)
end

local function is_protected(doc)
  for _, field in ipairs({ 'content', 'excerpt' }) do
    if type(doc[field]) == 'table' and doc[field].protected == true then return true end
  end
  return false
end

local function post_terms(doc)
  local ids = {}
  local fields = call('HKEYS', TAX)
  if #fields == 0 then fields = { 'categories', 'tags' } end
  table.sort(fields)
  for _, field in ipairs(fields) do
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

local function post_entry(doc, sos)
  local entry = {
    type = text(doc.type) ~= '' and doc.type or 'post',
    at = epoch(doc.date_gmt) or epoch(doc.date) or epoch(doc.modified_gmt) or 0,
    mod = epoch(doc.modified_gmt) or epoch(doc.modified) or 0,
    til = epoch(sos.expires_gmt) or 0,
    parent = whole(doc.type == 'attachment' and doc.post or doc.parent),
    order = tonumber(doc.menu_order) or 0,
    author = whole(doc.author),
    sticky = doc.sticky == true,
    format = string.match(text(doc.format), '^%l+$') or '',
    title = rendered(doc.title),
    protected = is_protected(doc),
    terms = post_terms(doc),
    path = (text(sos.path) ~= '' and canonical(sos.path)) or path_of_link(doc.link) or '',
  }
  if entry.format == 'standard' then entry.format = '' end
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
    title = string.sub(text(doc.name), 1, 1000),
    path = (text(sos.path) ~= '' and canonical(sos.path)) or path_of_link(doc.link) or '',
    deps = {},
    lists = {},
  }
  if kind == 'menu' then
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
  call('HSET', META,
    'base', (string.gsub(base, '/+$', '')),
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
    if path and string.match(slug, '^[%w_-]+$') then
      paths[path] = 'type:' .. slug
      call('HSET', PATH, path, paths[path])
      call('HDEL', GONE, path)
    end
  end
  call('HSET', META, 'type_paths', cjson.encode(paths))
end

local function apply_taxonomies(doc)
  call('DEL', TAX)
  for slug, description in pairs(doc) do
    local field = type(description) == 'table' and text(description.rest_base) or ''
    if field ~= '' then call('HSET', TAX, field, slug) end
  end
end

-- ---------------------------------------------------------------- operations

local function take_path(ref, entry)
  if entry.path == '' then return end
  local holder = call('HGET', PATH, entry.path)
  if holder and holder ~= ref and entry.type == 'attachment' then
    entry.path, entry.lists = '', {}
    return
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

local function same_label(a, b)
  return a and b and a.title == b.title and a.path == b.path and a.parent == b.parent
    and a.order == b.order and a.type == b.type
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
    or (not same_label(entry, other) and in_menu(ref, entry)) then
    common = true
    touch('menus')
  end
end

local function remove(ref, seq)
  local old = decode_entry(ref)
  local last = old and old.seq or tonumber(call('HGET', REMOVED, ref) or '-1')
  if seq < last then return 'stale' end
  call('HSET', REMOVED, ref, string.format('%.0f', seq))
  if not old then return 'unchanged' end
  note(ref, old)
  relist(whole(string.match(ref, '%d+$')), old.lists, {})
  if leave_path(ref, old.path) then call('HSET', GONE, old.path, string.format('%.0f', now)) end
  depend(ref, old.deps, {})
  schedule(ref, nil)
  call('HDEL', ENTRY, ref)
  call('HDEL', DOC, ref)
  changed = true
  return 'applied'
end

local VISIBLE = { publish = true, future = true, inherit = true }

local function entry_of(kind, ref, doc)
  local sos = type(doc.sos) == 'table' and doc.sos or {}
  if kind == 'post' then return post_entry(doc, sos), sos end
  if kind == 'term' or kind == 'user' or kind == 'menu' then
    return linked_entry(kind, doc, sos), sos
  end
  if ref == 'site' then apply_site(doc) end
  if ref == 'types' then apply_types(doc) end
  if ref == 'taxonomies' then apply_taxonomies(doc) end
  local entry = { type = ref, at = 0, mod = 0, til = 0, parent = 0, path = '', title = '' }
  entry.deps, entry.lists = {}, {}
  if ref == 'site' and whole(doc.site_logo) > 0 then
    entry.deps[1] = ref_of('post', whole(doc.site_logo))
  end
  return entry, sos
end

local function put(ref, seq, json)
  local kind, id = string.match(ref, '^(%l+):?(%d*)$')
  local single = ref == 'site' or ref == 'types' or ref == 'taxonomies'
  local many = kind == 'post' or kind == 'term' or kind == 'user' or kind == 'menu'
  if not single and not (many and id ~= '') then return 'error: unknown kind of document' end
  local sound, doc = pcall(cjson.decode, json)
  if not sound or type(doc) ~= 'table' then return 'error: not a JSON object' end
  if many and whole(doc.id) ~= tonumber(id) then return 'error: id differs from reference' end
  if kind == 'post' and not VISIBLE[doc.status] then return remove(ref, seq) end
  local old = decode_entry(ref)
  local last = old and old.seq or tonumber(call('HGET', REMOVED, ref) or '-1')
  if seq < last then return 'stale' end
  if old and call('HGET', DOC, ref) == json then
    old.seq = seq
    call('HSET', ENTRY, ref, cjson.encode(old))
    return 'unchanged'
  end
  local entry, sos = entry_of(kind, ref, doc)
  entry.seq, entry.rev = seq, whole(meta('rev')) + 1
  take_path(ref, entry)
  local before = old or { path = '', lists = {}, deps = {}, parent = 0 }
  if before.path ~= entry.path and leave_path(ref, before.path) then
    call('HSET', entry.path == '' and GONE or OLD, before.path, entry.path == '' and now or ref)
  end
  for _, path in ipairs(type(sos.redirects) == 'table' and sos.redirects or {}) do
    path = type(path) == 'string' and canonical(path)
    if path and call('HEXISTS', PATH, path) == 0 then call('HSET', OLD, path, ref) end
  end
  if many then relist(tonumber(id), before.lists, entry.lists) end
  depend(ref, before.deps, entry.deps)
  schedule(ref, entry)
  call('HDEL', REMOVED, ref)
  call('HSET', DOC, ref, json)
  call('HSET', ENTRY, ref, cjson.encode(entry))
  if kind == 'term' and before.parent ~= entry.parent then relist_members(tonumber(id)) end
  if old then note(ref, old, entry) end
  note(ref, entry, old)
  changed = true
  return 'applied'
end

local function ready()
  local marked = meta('ready') ~= ''
  call('HSET', META, 'ready', '1')
  if marked then return 'unchanged' end
  touch('site')
  common, changed = true, true
  return 'applied'
end

-- ---------------------------------------------------------------- this call

local schema = meta('schema')
if schema ~= '' and schema ~= SCHEMA then
  return redis.error_reply('SOS schema ' .. schema .. ' is in this store, ' .. SCHEMA .. ' is spoken')
end
if schema == '' then
  local time = call('TIME')
  call('HSET', META, 'schema', SCHEMA, 'epoch', time[1] .. '.' .. time[2])
end

local outcomes = {}
for i = 2, #ARGV, 4 do
  local op, ref, seq = ARGV[i], ARGV[i + 1], tonumber(ARGV[i + 2])
  if op == 'ready' then
    outcomes[#outcomes + 1] = ready()
  elseif not seq or seq < 0 or seq ~= math.floor(seq) then
    outcomes[#outcomes + 1] = 'error: bad sequence number'
  elseif op == 'put' then
    outcomes[#outcomes + 1] = put(ref, seq, ARGV[i + 3])
  elseif op == 'remove' then
    outcomes[#outcomes + 1] = remove(ref, seq)
  else
    outcomes[#outcomes + 1] = 'error: unknown operation'
  end
end

if changed then
  local rev = call('HINCRBY', META, 'rev', 1)
  call('HSET', META, 'docs', call('HLEN', DOC), 'paths', call('HLEN', PATH))
  if common then call('HSET', META, 'common', rev) end
  local names = {}
  for name in pairs(touched) do
    call('ZADD', TOUCHED, rev, name)
    names[#names + 1] = name
  end
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
return outcomes
