const two = (value: number): string => String(value).padStart(2, '0');

/** HH:mm today, dd.MM HH:mm before. */
export function timeOf(at: number, now: number): string {
  const [date, today] = [new Date(at), new Date(now)];
  const time = `${two(date.getHours())}:${two(date.getMinutes())}`;
  if (date.toDateString() === today.toDateString()) return time;
  return `${two(date.getDate())}.${two(date.getMonth() + 1)} ${time}`;
}

/** As the server counts: code points. */
export const lengthOf = (text: string): number => [...text].length;

/** One or two letters for a picture. */
export function initialsOf(name: string): string {
  return name.split(/[\s._-]+/).filter((word) => word !== '').slice(0, 2)
    .map((word) => [...word][0] ?? '').join('').toUpperCase();
}

/** A hue that stays with a name. */
export function hueOf(name: string): number {
  let hash = 7;
  for (const letter of name) hash = (hash * 31 + (letter.codePointAt(0) ?? 0)) % 360;
  return hash;
}

/** Random id of a call: sending again under it is the same call (G3). */
export const newKey = (): string => crypto.getRandomValues(new Uint32Array(4)).join('-');
