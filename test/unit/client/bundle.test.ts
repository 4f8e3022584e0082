import { build } from 'esbuild';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import t from 'tap';

const maxGzippedBytes = 15 * 1024;

t.test('a browser loads at most 15 KB, and none of the server', async (t) => {
  const entry = fileURLToPath(new URL('../../../src/client/index.js', import.meta.url));
  const { outputFiles, metafile } = await build({
    entryPoints: [entry], bundle: true, minify: true, format: 'esm', platform: 'browser',
    target: 'es2022', external: ['ws'], write: false, metafile: true,
  });
  const bytes = gzipSync(outputFiles[0]?.contents ?? '').length;
  t.comment(`${bytes} bytes gzipped`);
  t.ok(bytes > 0 && bytes <= maxGzippedBytes, `${bytes} bytes`);
  const inputs = Object.keys(metafile.inputs);
  t.notOk(inputs.some((path) => /typebox|\/src\/(chat|store|cluster|base)\//.test(path)));
});
