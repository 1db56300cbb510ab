-- read.lua: all that one page is made of, read at one moment. Writes nothing.
--
-- KEYS[1]  sos:{host}:meta
-- ARGV[1]  now, seconds since 1970 UTC
-- ARGV[2]  revision of the common documents (site, types, taxonomies, menus) the caller has; -1: none
-- ARGV[3]  revision at which the caller has the posts of lists with all that they show; -1: none.
--          Where the store is still there, a list's records are left out (outline 1)
-- ARGV[4…] candidates of five words, tried in order until one hits: HOW VALUE NUMBER COUNT TOPICS
--            page  PATH  n count   the object at PATH; page n of it when it is a list
--            part  PATH  n 0       part n of the post at PATH
--            feed  PATH  1 count   the list at PATH
--            list  NAME@PATH n count      page n of a list that has no document, where not empty
--            dates MIN:MAX@PATH n count   page n of the posts of a span of time
--            ref   REF   1 0       a document by name, whatever its path
--          count 0 takes the site's posts per page
--          TOPICS is empty, or "ROWS POSTS TAXONOMY PATH PATH …": with the page come the first ROWS of
--          the archives at these paths that have posts, with the newest POSTS of each that neither
--          the page's list nor a row before has, as far as there are so many. TAXONOMY * is any
-- Returns  { rev, epoch, complete, status, candidate, primary, path, list, total, refs, records,
--            previous, next, children, ancestors, common_rev, common, top_pages, sticky,
--            hidden: what menus lead to and nobody may see,
--            callouts: those that are visible now, newest first, for page 1 of the front page alone,
--            outline: 1 where the records of the posts of list and rows are left out, else 0,
--            rows = { { term, refs }, … }, of all terms that were looked at }
--          record = { ref, rev, path, JSON }, brief = { ref, path, title, protected }
--          common, top_pages and hidden are empty where the caller has them

local prefix = string.sub(KEYS[1], 1, -5)
local META, DOC, ENTRY, PATH = KEYS[1], prefix .. 'doc', prefix .. 'entry', prefix .. 'path'
local call = redis.call
local now = tonumber(ARGV[1])

local meta = {}
do
  local flat = call('HGETALL', META)
  for i = 1, #flat, 2 do meta[flat[i]] = flat[i + 1] end
end
if meta.schema and meta.schema ~= '1' then
  return redis.error_reply('SOS schema ' .. meta.schema .. ' is in this store, 1 is spoken')
end
local outline = ARGV[3] == meta.rev
local docs = call('HLEN', DOC)
local complete = meta.ready == '1' and tonumber(meta.docs) == docs and docs == call('HLEN', ENTRY)
  and tonumber(meta.paths) == call('HLEN', PATH)

local entries = {}
local function entry_of(ref)
  if entries[ref] == nil then
    local json = call('HGET', ENTRY, ref)
    local sound, entry = pcall(cjson.decode, json or 'null')
    sound = sound and type(entry) == 'table' and type(entry.at) == 'number'
      and type(entry.til) == 'number' and entry.path
    if json and not sound then complete = false end
    entries[ref] = sound and entry or false
  end
  return entries[ref]
end

local function visible(entry)
  return entry and entry.at <= now and (entry.til == 0 or entry.til > now)
end

-- ---------------------------------------------------------------- lists

local function ref_of(member)
  return string.format('post:%.0f', tonumber(member))
end

-- A list that was lost must not pass for an empty one.
local function list_key(name)
  local key = prefix .. 'list:' .. name
  if call('ZCARD', key) ~= tonumber(call('HGET', prefix .. 'size', name) or '0') then
    complete = false
  end
  return key
end

local function count_again(field, length)
  if meta[field] and tonumber(meta[field]) ~= length then complete = false end
end

-- Ranks, from the newest in the span, of the members whose time is over. `newer` are before it.
local function expired_ranks(list, min, max, newer)
  local ranks = {}
  count_again('until', call('ZCARD', prefix .. 'until'))
  for _, ref in ipairs(call('ZRANGEBYSCORE', prefix .. 'until', '-inf', now)) do
    local id = string.match(ref, '^post:(%d+)$')
    local member = id and string.format('%012.0f', tonumber(id))
    local score = id and tonumber(call('ZSCORE', list, member) or nil)
    if score and score <= max and score >= min then
      ranks[#ranks + 1] = call('ZREVRANK', list, member) - newer
    end
  end
  table.sort(ranks)
  return ranks
end

local function slice(name, min, max, number, count)
  local list = list_key(name)
  max = math.min(max, now)
  local newer, within = call('ZCOUNT', list, '(' .. max, '+inf'), call('ZCOUNT', list, min, max)
  local hidden = expired_ranks(list, min, max, newer)
  local total = within - #hidden
  local start, skip = (number - 1) * count, {}
  local before = 0
  for _, rank in ipairs(hidden) do
    if rank <= start + before then before = before + 1 else skip[rank] = true end
  end
  local refs = {}
  -- By rank: by score, the server would have to walk past all that come before.
  local first = start + before
  local last = math.min(first + count + #hidden, within) - 1
  local found = last >= first and call('ZREVRANGE', list, newer + first, newer + last) or {}
  for i, member in ipairs(found) do
    if #refs == count then break end
    if not skip[first + i - 1] then
      refs[#refs + 1] = ref_of(member)
      if not outline and not entry_of(ref_of(member)) then complete = false end
    end
  end
  return total, refs
end

local function stickies()
  local refs = {}
  for _, member in ipairs(call('ZREVRANGEBYSCORE', list_key('sticky'), now, '-inf', 'LIMIT', 0, 50)) do
    if visible(entry_of(ref_of(member))) then refs[#refs + 1] = ref_of(member) end
  end
  return refs
end

local function is_over(ref)
  local til = call('ZSCORE', prefix .. 'until', ref)
  return til and tonumber(til) <= now
end

-- Of the newest of a list, `count` that are not in `taken`, filled up with such that are: a short
-- row next to full ones looks like a mistake. `held` is how many are in `taken`.
local function newest(name, count, taken, held)
  local list, seen, fresh = list_key(name), {}, 0
  local start, size = 0, count + held
  repeat
    local members = call('ZREVRANGEBYSCORE', list, now, '-inf', 'LIMIT', start, size)
    for _, member in ipairs(members) do
      local ref = ref_of(member)
      if not is_over(ref) then
        seen[#seen + 1] = ref
        if not taken[ref] then fresh = fresh + 1 end
        if fresh == count then break end
      end
    end
    start = start + size
  until fresh == count or #members < size
  local refs, room = {}, count - fresh
  for _, ref in ipairs(seen) do
    if not taken[ref] then
      refs[#refs + 1] = ref
    elseif room > 0 then
      refs[#refs + 1], room = ref, room - 1
    end
  end
  return refs
end

-- The newest of the visible callouts. Which of them are shown hangs on their documents.
local function callouts()
  if call('ZCARD', list_key('type:sos_callout')) == 0 then return {} end
  local _, refs = slice('type:sos_callout', -math.huge, math.huge, 1, 20)
  return refs
end

-- ---------------------------------------------------------------- what a candidate hits

local function front_ref()
  local ref = 'post:' .. (meta.front or '0')
  return meta.front ~= '0' and visible(entry_of(ref)) and ref or nil
end

local function list_name(ref)
  if ref == 'type:post' or string.match(ref, '^type:') then return ref end
  if string.match(ref, '^term:') then return ref end
  local user = string.match(ref, '^user:(%d+)$')
  if user then return 'author:' .. user end
  if ref == 'post:' .. (meta.posts_page or '0') then return 'type:post' end
  return nil
end

local function object_at(path)
  if path == '/' then return front_ref() or 'type:post' end
  local ref = call('HGET', PATH, path)
  if not ref then return nil end
  if string.sub(ref, 1, 5) ~= 'type:' and not visible(entry_of(ref)) then return nil end
  return ref
end

local function hit(how, value, number)
  if how == 'dates' then return 'type:post', 'type:post' end
  if how == 'list' then
    local name = string.match(value, '^[^@]+')
    if call('ZCARD', list_key(name)) == 0 then return nil end
    return 'list:' .. name, name
  end
  if how == 'ref' then
    if not visible(entry_of(value)) then return nil end
    return value, list_name(value)
  end
  local ref = object_at(value)
  if not ref then return nil end
  local list = list_name(ref)
  if how == 'part' and list then return nil end
  if how == 'feed' and not list and value ~= '/' then return nil end
  if how == 'feed' and not list then return 'type:post', 'type:post' end
  if how == 'page' and not list and number > 1 then return nil end
  return ref, list
end

-- ---------------------------------------------------------------- the answer

local records, listed = {}, {}
local function add_record(ref)
  if listed[ref] then return end
  listed[ref] = true
  local entry, json = entry_of(ref), call('HGET', DOC, ref)
  if json and visible(entry) then
    records[#records + 1] = { ref, entry.rev, entry.path, json }
  elseif entry and not json then
    complete = false
  end
end

local function add_with_deps(ref)
  add_record(ref)
  local entry = entry_of(ref)
  for _, dep in ipairs(entry and entry.deps or {}) do
    -- What an editor's block depends on only matters for invalidation, unless it is shown.
    if not string.match(dep, '^menu:') then add_record(dep) end
  end
end

local function brief(ref)
  local entry = entry_of(ref)
  return { ref, entry.path, entry.title, entry.protected and 1 or 0 }
end

local function ancestors_of(entry, kind)
  local out, seen = {}, 0
  while entry and (entry.parent or 0) > 0 and seen < 20 do
    local ref = string.format('%s:%.0f', kind, entry.parent)
    entry, seen = entry_of(ref), seen + 1
    if not visible(entry) or entry.path == '' then break end
    table.insert(out, 1, brief(ref))
  end
  return out
end

local function neighbour(ref, entry, step)
  local list = list_key('type:' .. entry.type)
  local rank = call('ZRANK', list, string.format('%012.0f', tonumber(string.match(ref, '%d+'))))
  for _ = 1, 20 do
    rank = rank and rank + step
    local found = rank and rank >= 0 and call('ZRANGE', list, rank, rank)[1]
    if not found then return {} end
    if visible(entry_of(ref_of(found))) then return brief(ref_of(found)) end
  end
  return {}
end

local function children_of(id)
  local out = {}
  for _, member in ipairs(call('ZRANGE', list_key('children:' .. id), 0, 99)) do
    local entry = entry_of(ref_of(member))
    if visible(entry) and entry.path ~= '' then out[#out + 1] = brief(ref_of(member)) end
  end
  return out
end

local answer = {
  tonumber(meta.rev or '0'), meta.epoch or '', 0, 'none', 0, '', '', '', 0, {}, records,
  {}, {}, {}, {}, tonumber(meta.common or '0'), {}, {}, {}, {}, {}, 0, {},
}

local function answer_list(list, how, value, number, count)
  local min, max = '-inf', math.huge
  if how == 'dates' then
    min, max = string.match(value, '^(-?%d+):(-?%d+)')
    min, max = tonumber(min), tonumber(max)
  end
  if count == 0 then count = tonumber(meta.per_page or '10') end
  local total, refs = slice(list, min == '-inf' and -math.huge or min, max, number, count)
  if how == 'page' and list == 'type:post' and number == 1 then
    answer[19] = stickies()
  end
  if outline then
    answer[22] = 1
  else
    for _, ref in ipairs(answer[19]) do add_with_deps(ref) end
    for _, ref in ipairs(refs) do add_with_deps(ref) end
  end
  answer[8], answer[9], answer[10] = list, total, refs
end

local function answer_object(ref)
  local entry = entry_of(ref)
  if not entry then return end
  add_with_deps(ref)
  local kind = string.match(ref, '^%l+')
  answer[15] = (kind == 'post' or kind == 'term') and entry.type ~= 'attachment'
    and ancestors_of(entry, kind) or {}
  if kind == 'post' and entry.type == 'page' then
    answer[14] = children_of(string.match(ref, '%d+'))
  elseif kind == 'post' and entry.path ~= '' and entry.type ~= 'attachment' then
    answer[12], answer[13] = neighbour(ref, entry, -1), neighbour(ref, entry, 1)
  end
end

local function other_slash(path)
  if path == '/' then return path end
  return string.sub(path, -1) == '/' and string.sub(path, 1, -2) or path .. '/'
end

local function moved_or_gone(how, path, number)
  count_again('old', call('HLEN', prefix .. 'old'))
  count_again('gone', call('HLEN', prefix .. 'gone'))
  for _, form in ipairs({ path, other_slash(path) }) do
    if form ~= path and hit(how, form, number) then return 'moved', form end
    local old = call('HGET', prefix .. 'old', form)
    local entry = old and entry_of(old)
    if visible(entry) and entry.path ~= '' then return 'moved', entry.path end
    if old and not (entry and entry.at > now) then return 'gone', '' end
    local holder = call('HGET', PATH, form)
    entry = holder and entry_of(holder)
    if entry and entry.til > 0 and entry.til <= now then return 'gone', '' end
    if call('HEXISTS', prefix .. 'gone', form) == 1 then return 'gone', '' end
  end
  return nil
end

local MAX_EMPTY = 20

local function answer_rows(topics)
  local rows, count, taxonomy, paths = string.match(topics, '^(%d+) (%d+) (%S+) (.+)$')
  local taken, held, empty = {}, 0, 0
  local function take(refs)
    for _, ref in ipairs(refs) do
      if not taken[ref] then taken[ref], held = true, held + 1 end
    end
  end
  take(answer[19])
  take(answer[10])
  count_again('until', call('ZCARD', prefix .. 'until'))
  if outline then answer[22] = 1 end
  for path in string.gmatch(paths, '%S+') do
    local term = call('HGET', PATH, path)
    local entry = term and string.match(term, '^term:%d+$') and entry_of(term)
    if entry and (taxonomy == '*' or entry.type == taxonomy) then
      local refs = newest(term, tonumber(count), taken, held)
      answer[23][#answer[23] + 1] = { term, refs }
      if #refs == 0 then empty = empty + 1 else add_record(term) end
      for _, ref in ipairs(outline and {} or refs) do
        if not entry_of(ref) then complete = false end
        add_with_deps(ref)
      end
      take(refs)
      if #answer[23] - empty == tonumber(rows) or empty == MAX_EMPTY then return end
    end
  end
end

local function answer_candidates()
  for i = 4, #ARGV, 5 do
    local how, value, number = ARGV[i], ARGV[i + 1], tonumber(ARGV[i + 2])
    local ref, list = hit(how, value, number)
    if ref then
      answer[4], answer[5], answer[6] = 'found', (i - 4) / 5 + 1, ref
      if list then answer_list(list, how, value, number, tonumber(ARGV[i + 3])) end
      if string.match(ref, '^%l+:%d+$') then answer_object(ref) end
      if how == 'page' and value == '/' and number == 1 then
        answer[21] = callouts()
        for _, shown in ipairs(answer[21]) do add_with_deps(shown) end
      end
      if ARGV[i + 4] ~= '' then answer_rows(ARGV[i + 4]) end
      return
    end
  end
  for i = 4, #ARGV, 5 do
    if ARGV[i] == 'page' or ARGV[i] == 'part' or ARGV[i] == 'feed' then
      local status, path = moved_or_gone(ARGV[i], ARGV[i + 1], tonumber(ARGV[i + 2]))
      if status then
        answer[4], answer[5], answer[7] = status, (i - 4) / 5 + 1, path
        return
      end
    end
  end
end

answer_candidates()

if tonumber(ARGV[2]) ~= answer[16] or answer[16] == 0 then
  local kept = records
  records, listed = {}, {}
  for _, ref in ipairs({ 'site', 'types', 'taxonomies' }) do add_with_deps(ref) end
  local menus = call('ZRANGE', list_key('menus'), 0, -1)
  for _, id in ipairs(menus) do
    local ref = string.format('menu:%.0f', tonumber(id))
    add_record(ref)
    for _, dep in ipairs((entry_of(ref) or {}).deps or {}) do
      if not visible(entry_of(dep)) then answer[20][#answer[20] + 1] = dep end
    end
  end
  answer[17] = records
  answer[18] = #menus == 0 and children_of('0') or {}
  records = kept
end
answer[3] = complete and 1 or 0
return answer
