import { readdirSync, readFileSync } from 'node:fs';

/** Processes that a process started and that live, with their command lines. */
export function childrenOf(pid: number): { readonly pid: number; readonly args: string[] }[] {
  return readdirSync('/proc').filter((name) => /^\d+$/.test(name)).flatMap((name) => {
    try {
      // Field 4 is the parent; the name in field 2 may hold anything, a bracket too.
      const [state, parent] = readFileSync(`/proc/${name}/stat`, 'utf8')
        .replace(/^.*\) /s, '').split(' ');
      if (parent !== String(pid) || state === 'Z') return [];
      const args = readFileSync(`/proc/${name}/cmdline`, 'utf8').split('\0');
      return [{ pid: Number(name), args }];
    } catch {
      return [];
    }
  });
}
