import type { EpochMs } from '../kernel/units.ts';

const DAY_MS = 86_400_000;
const WEEKDAYS = ['Thu', 'Fri', 'Sat', 'Sun', 'Mon', 'Tue', 'Wed'];
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** java.util.Date's text of an instant, always in UTC: `Tue Nov 14 22:13:20 UTC 2023`. */
export function javaDateText(atMs: EpochMs): string {
  const days = Math.floor(atMs / DAY_MS);
  const seconds = Math.floor((atMs - days * DAY_MS) / 1000);
  const { year, month, day } = civilDate(days);
  const weekday = WEEKDAYS[((days % 7) + 7) % 7] ?? '';
  const clock = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60].map(twoDigits).join(':');
  return `${weekday} ${MONTHS[month - 1] ?? ''} ${twoDigits(day)} ${clock} UTC ${year}`;
}

/** Year, month (1 to 12) and day of a day number since 1970-01-01, proleptic Gregorian. Years are counted from March, so that the leap day is the last. */
function civilDate(days: number): { readonly year: number; readonly month: number; readonly day: number } {
  const sinceEra = days + 719_468;
  const era = Math.floor(sinceEra / 146_097);
  const dayOfEra = sinceEra - era * 146_097;
  const yearOfEra = Math.floor((dayOfEra - Math.floor(dayOfEra / 1460) + Math.floor(dayOfEra / 36_524) - Math.floor(dayOfEra / 146_096)) / 365);
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const marchMonth = Math.floor((5 * dayOfYear + 2) / 153);
  const month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9;
  const year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0);
  return { year, month, day: dayOfYear - Math.floor((153 * marchMonth + 2) / 5) + 1 };
}

function twoDigits(value: number): string {
  return String(value).padStart(2, '0');
}
