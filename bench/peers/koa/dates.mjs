// Times as WordPress shows them: PHP's date() letters in a site's zone, in English.

const MONTHS = [
  'January', 'February', 'March', 'April', 'May', 'June', 'July', 'August', 'September', 'October',
  'November', 'December',
];
const DAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];
const two = (number) => String(number).padStart(2, '0');

function ordinal(day) {
  return day >= 11 && day <= 13 ? 'th' : ({ 1: 'st', 2: 'nd', 3: 'rd' }[day % 10] ?? 'th');
}

// `d` is a Date whose UTC fields are the local time.
const LETTERS = {
  d: (d) => two(d.getUTCDate()),
  j: (d) => d.getUTCDate(),
  D: (d) => DAYS[d.getUTCDay()].slice(0, 3),
  l: (d) => DAYS[d.getUTCDay()],
  S: (d) => ordinal(d.getUTCDate()),
  m: (d) => two(d.getUTCMonth() + 1),
  n: (d) => d.getUTCMonth() + 1,
  M: (d) => MONTHS[d.getUTCMonth()].slice(0, 3),
  F: (d) => MONTHS[d.getUTCMonth()],
  Y: (d) => d.getUTCFullYear(),
  y: (d) => two(d.getUTCFullYear() % 100),
  g: (d) => d.getUTCHours() % 12 || 12,
  G: (d) => d.getUTCHours(),
  h: (d) => two(d.getUTCHours() % 12 || 12),
  H: (d) => two(d.getUTCHours()),
  i: (d) => two(d.getUTCMinutes()),
  s: (d) => two(d.getUTCSeconds()),
  a: (d) => (d.getUTCHours() < 12 ? 'am' : 'pm'),
  A: (d) => (d.getUTCHours() < 12 ? 'AM' : 'PM'),
};

// A function from a Date to text for a format such as "F j, Y"; taken apart once.
export function compileFormat(php) {
  const parts = [];
  for (let i = 0; i < php.length; i += 1) {
    if (php[i] === '\\') parts.push(((text) => () => text)(php[(i += 1)] ?? ''));
    else parts.push(LETTERS[php[i]] ?? ((text) => () => text)(php[i]));
  }
  return (date) => parts.map((part) => part(date)).join('');
}

// A function from milliseconds to the zone's offset from UTC in minutes.
export function compileZone(name, hours) {
  if (!name || name === 'UTC') return () => Math.round((hours || 0) * 60);
  const clock = new Intl.DateTimeFormat('en-US', { timeZone: name, timeZoneName: 'longOffset' });
  const known = new Map(); // an offset never changes within a quarter of an hour
  return (ms) => {
    const quarter = Math.floor(ms / 900_000);
    let minutes = known.get(quarter);
    if (minutes === undefined) {
      const said = clock.formatToParts(ms).find((part) => part.type === 'timeZoneName').value;
      const [, sign, h, m] = /([+-])(\d\d):(\d\d)/.exec(said) ?? ['', '+', 0, 0];
      minutes = (sign === '-' ? -1 : 1) * (Number(h) * 60 + Number(m));
      if (known.size > 100_000) known.clear();
      known.set(quarter, minutes);
    }
    return minutes;
  };
}

// What a page shows of WordPress's "2024-05-01T10:00:00" (UTC), or of what is no such date.
export function buildMoment(gmt, site) {
  const ms = Date.parse(`${gmt}Z`) || 0;
  const minutes = site.offset(ms);
  const local = new Date(ms + minutes * 60_000);
  const sign = minutes < 0 ? '-' : '+';
  const away = Math.abs(minutes);
  return {
    iso: `${local.toISOString().slice(0, 19)}${sign}${two(Math.floor(away / 60))}:${two(away % 60)}`,
    date: site.formatDate(local),
  };
}
