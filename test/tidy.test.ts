import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize, relative } from 'node:path';
import t from 'tap';
import ts from 'typescript';

// The rules of style.md that a machine can check. A rule gives way by name, with the reason.
const maxFileLines = 300;
const maxFunctionLines = 70;
const maxLineColumns = 100;

const exceptions: Readonly<Record<string, string>> = {
  'compiler test/package.test.ts': 'holds an application whose wrong call must not compile',
};

/** What a folder may import beside itself: the arrows of architecture.md. */
const arrows: Readonly<Record<string, readonly string[]>> = {
  'src/base': [],
  'src/rpc': ['src/base'],
  'src/auth': ['src/rpc', 'src/base'],
  'src/cluster': ['src/base'],
  'src/store': ['src/base'],
  'src/store/redis': ['src/store', 'src/cluster', 'src/base'],
  'src/chat': ['src/rpc', 'src/store', 'src/cluster', 'src/base'],
  'src/client': ['src/rpc'],
  'src/supervisor': ['src/base'],
  src: ['src/chat', 'src/auth', 'src/rpc', 'src/store', 'src/store/redis', 'src/cluster',
    'src/base'],
  bin: ['src', 'src/supervisor', 'src/client', 'src/auth', 'src/base', 'src/store', 'src/cluster',
    'src/rpc'],
  web: ['src/client'],
};

/** Packages that exactly one file may import for their values. */
const single: Readonly<Record<string, string>> = {
  'uWebSockets.js': 'src/rpc/uws.ts',
  ioredis: 'src/cluster/redis-client.ts',
};

const roots = ['src', 'bin', 'test', 'bench', 'examples', 'web'].filter((root) => existsSync(root));
const files = roots.flatMap((root) => readdirSync(root, { recursive: true, encoding: 'utf8' })
  .map((file) => join(root, file))
  .filter((file) => /\.(ts|tsx|lua)$/.test(file)));
const sources = files.filter((file) => !file.endsWith('.lua'));

interface Import {
  readonly from: string;
  readonly typeOnly: boolean;
}

function importsOf(source: ts.SourceFile): Import[] {
  const found: Import[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node) && ts.isStringLiteral(node.moduleSpecifier)) {
      const clause = node.importClause;
      const named = clause?.namedBindings;
      const allTypes = named !== undefined && ts.isNamedImports(named)
        && clause?.name === undefined && named.elements.every((element) => element.isTypeOnly);
      found.push({
        from: node.moduleSpecifier.text,
        typeOnly: clause?.phaseModifier === ts.SyntaxKind.TypeKeyword || allTypes,
      });
    } else if (ts.isExportDeclaration(node) && node.moduleSpecifier !== undefined
      && ts.isStringLiteral(node.moduleSpecifier)) {
      found.push({ from: node.moduleSpecifier.text, typeOnly: node.isTypeOnly });
    } else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
      const [name] = node.arguments;
      if (name !== undefined && ts.isStringLiteral(name)) {
        found.push({ from: name.text, typeOnly: false });
      }
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

const parsed = new Map(sources.map((file) => [
  file, ts.createSourceFile(file, readFileSync(file, 'utf8'), ts.ScriptTarget.ES2022, true),
]));
const imports = new Map([...parsed].map(([file, source]) => [file, importsOf(source)]));

function targetOf(file: string, from: string): string | undefined {
  if (!from.startsWith('.')) return undefined;
  const path = normalize(join(dirname(file), from));
  const stem = path.replace(/\.js$/, '');
  return [`${stem}.ts`, `${stem}.tsx`, path].find((name) => existsSync(name));
}

function layerOf(file: string): string | undefined {
  return Object.keys(arrows)
    .filter((layer) => file.startsWith(`${layer}/`))
    .filter((layer) => layer !== 'src' || dirname(file) === 'src')
    .sort((a, b) => b.length - a.length)[0];
}

function except(rule: string, file: string): boolean {
  return exceptions[`${rule} ${file}`] !== undefined;
}

t.test('no file is longer than its job needs, and no line than a screen', async (t) => {
  for (const file of files) {
    const lines = readFileSync(file, 'utf8').split('\n');
    if (!except('file', file)) {
      t.ok(lines.length - 1 <= maxFileLines, `${file}: ${lines.length - 1} lines`);
    }
    const wide = lines.findIndex((line) => [...line].length > maxLineColumns);
    if (!except('line', file)) {
      t.equal(wide, -1, `${file}:${wide + 1} is over ${maxLineColumns} columns`);
    }
  }
});

t.test('no function is longer than a screen', async (t) => {
  for (const [file, source] of parsed) {
    if (file.startsWith('test/')) continue;
    const visit = (node: ts.Node): void => {
      if (ts.isFunctionLike(node) && 'body' in node && node.body !== undefined) {
        const start = source.getLineAndCharacterOfPosition(node.getStart()).line;
        const end = source.getLineAndCharacterOfPosition(node.end).line;
        if (end - start + 1 > maxFunctionLines && !except('function', file)) {
          t.fail(`${file}:${start + 1} has a function of ${end - start + 1} lines`);
        }
      }
      ts.forEachChild(node, visit);
    };
    visit(source);
  }
  t.pass('all measured');
});

t.test('no value is typed any', async (t) => {
  for (const [file, source] of parsed) {
    const visit = (node: ts.Node): void => {
      if (node.kind === ts.SyntaxKind.AnyKeyword) {
        const { line } = source.getLineAndCharacterOfPosition(node.getStart());
        t.fail(`${file}:${line + 1} says any`);
      }
      ts.forEachChild(node, visit);
    };
    visit(source);
    if (except('compiler', file)) continue;
    t.notMatch(source.text, /@ts-(ignore|expect-error|nocheck)/, `${file} silences the compiler`);
  }
});

t.test('imports run along the arrows of the architecture', async (t) => {
  for (const [file, list] of imports) {
    const layer = layerOf(file);
    if (layer === undefined) continue;
    const allowed = [layer, ...arrows[layer] ?? []];
    for (const { from, typeOnly } of list) {
      const target = targetOf(file, from);
      const to = target === undefined ? undefined : layerOf(target);
      if (to === undefined || allowed.includes(to)) continue;
      // The client's types are the chat's schemas; nothing of them is there at run time.
      if (layer === 'src/client' && typeOnly && to === 'src/chat') continue;
      if (except('arrow', file)) continue;
      t.fail(`${file} imports ${from}: ${layer} may not know ${to}`);
    }
  }
  t.pass('all followed');
});

t.test('sockets and Redis clients are each made in one file', async (t) => {
  for (const [file, list] of imports) {
    if (!file.startsWith('src/') && !file.startsWith('bin/')) continue;
    for (const { from, typeOnly } of list) {
      const only = single[from];
      if (only === undefined || typeOnly || file === only) continue;
      t.fail(`${file} imports ${from}, which only ${only} may`);
    }
  }
  t.pass('all followed');
});

t.test('no source file is left that nothing refers to', async (t) => {
  const entries = /^(test\/.*\.test\.ts|bench\/.*|examples\/.*|bin\/ringpost\.ts|web\/.*)$/;
  const referred = new Set<string>();
  for (const [file, list] of imports) {
    for (const { from } of list) {
      const target = targetOf(file, from);
      if (target !== undefined) referred.add(relative('.', target));
    }
  }
  for (const file of sources) {
    if (entries.test(file) || file === 'src/index.ts' || file === 'src/client/index.ts') continue;
    if (file.endsWith('.d.ts') || except('unreferenced', file)) continue;
    // An entry of a worker or child process is named by its path.
    const name = file.replace(/^.*\//, '').replace(/\.tsx?$/, '.js');
    const named = [...parsed].some(([other, source]) => other !== file
      && source.text.includes(name));
    t.ok(referred.has(file) || named, `${file} is referred to by something`);
  }
});

t.test('no test waits for time or is left out', async (t) => {
  for (const [file, source] of parsed) {
    if (!file.startsWith('test/') || file === 'test/tidy.test.ts') continue;
    t.notMatch(source.text, /\b(t\.(skip|todo|only)\(|sleep\()/, `${file} runs whole`);
  }
});
