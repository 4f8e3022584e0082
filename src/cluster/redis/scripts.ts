import { loadScript } from '../script.js';

const folder = new URL('./lua/', import.meta.url);
const load = (name: string) => loadScript(name, folder);

/** The cluster's scripts: one file each, with its ARGV in its header. */
export const scripts = {
  beat: load('beat'),
  bootstrap: load('bootstrap'),
  dead: load('dead'),
  held: load('held'),
  history: load('history'),
  join: load('join'),
  place: load('place'),
  publish: load('publish'),
  query: load('query'),
  register: load('register'),
  resign: load('resign'),
  signal: load('signal'),
  sweep: load('sweep'),
  watch: load('watch'),
};
