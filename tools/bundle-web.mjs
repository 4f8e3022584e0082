// Bundles the widget and the console from web/ into dist/web/, one file a page needs.
import { build } from 'esbuild';
import { cpSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';

/** Style sheets as text, without the blanks: the widget puts its own into a shadow tree. */
const cssText = {
  name: 'css-text',
  setup(builder) {
    builder.onLoad({ filter: /widget\.css$/ }, async ({ path }) => {
      const { outputFiles: [sheet] } = await build({
        entryPoints: [path], minify: true, write: false, loader: { '.css': 'css' },
      });
      return { contents: sheet.text.trim(), loader: 'text' };
    });
  },
};

const shared = {
  bundle: true, minify: true, format: 'iife', target: 'es2022', charset: 'utf8',
  jsx: 'automatic', jsxImportSource: 'preact', legalComments: 'none', logLevel: 'error',
};

/**
 * Names that only parts of the widget's own bundle call each other by, shortened so that it stays
 * within 25 KB; nothing that goes over the wire or that an application says is among them.
 */
const inner = new RegExp(`^(${[
  'rejectAllPendingRequests', 'idToResolveMap', 'requestAdvanced',
  'stableMs', 'pongTimeoutMs', 'connectTimeoutMs', 'backoffBaseMs', 'backoffMaxMs', 'baseMs',
  'maxMs', 'callTimeoutMs', 'upgradeMs', 'idleMs', 'tokenMayChange', 'monotonic', 'arrived',
  'happening', 'stopped', 'tracker', 'restore', 'answered', 'forget',
  'elsewhere', 'refused', 'typist', 'readTo', 'isRead', 'readsOf', 'nameOf', 'maxText', 'typed',
  'older', 'restart',
].join('|')})$`);

/** @param root the repository */
export async function bundleWeb(root) {
  const [from, to] = [join(root, 'web'), join(root, 'dist', 'web')];
  mkdirSync(to, { recursive: true });
  await Promise.all([
    build({
      ...shared, plugins: [cssText], mangleProps: inner, outdir: to,
      entryPoints: {
        'widget': join(from, 'widget', 'en.ts'),
        'widget.uk': join(from, 'widget', 'uk.ts'),
        'widget.ru': join(from, 'widget', 'ru.ts'),
      },
    }),
    build({
      ...shared, outfile: join(to, 'admin.js'),
      entryPoints: [join(from, 'admin', 'index.tsx')],
    }),
    build({
      ...shared, outfile: join(to, 'admin.css'),
      entryPoints: [join(from, 'admin', 'admin.css')],
    }),
    ...['demo.js', 'demo.css'].map((name) => build({
      ...shared, outfile: join(to, name), entryPoints: [join(from, 'demo', name)],
    })),
  ]);
  cpSync(join(from, 'admin', 'index.html'), join(to, 'index.html'));
  cpSync(join(from, 'demo', 'demo.html'), join(to, 'demo.html'));
}
