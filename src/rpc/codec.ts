const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Why a text is no JSON text that we read: answered -32700. */
export class ParseFault {
  constructor(readonly reason: 'not_utf8' | 'not_json' | 'too_deep') {}
}

/**
 * Reads one JSON text (RFC 8259), once. Never throws. A byte order mark is refused like any other
 * character before the value; duplicate keys: the last one wins; `__proto__` is a key like others.
 * @param input UTF-8 bytes, not kept, or text
 * @param maxDepth arrays and objects inside each other; 0 for none
 */
export function parse(input: string | Uint8Array, maxDepth: number): unknown {
  let text: string;
  if (typeof input === 'string') {
    text = input;
  } else {
    try {
      text = utf8.decode(input);
    } catch {
      return new ParseFault('not_utf8');
    }
  }
  // Before parsing: a depth bomb costs the parser its stack.
  if (maxDepth > 0 && deeperThan(text, maxDepth)) return new ParseFault('too_deep');
  try {
    const value: unknown = JSON.parse(text);
    return value;
  } catch {
    return new ParseFault('not_json');
  }
}

/** Most texts have fewer brackets than they may nest, which a search finds at once. */
function deeperThan(text: string, maxDepth: number): boolean {
  let found = 0;
  for (let at = text.indexOf('{'); at >= 0; at = text.indexOf('{', at + 1)) {
    found += 1;
    if (found > maxDepth) return scanDepth(text, maxDepth);
  }
  for (let at = text.indexOf('['); at >= 0; at = text.indexOf('[', at + 1)) {
    found += 1;
    if (found > maxDepth) return scanDepth(text, maxDepth);
  }
  return false;
}

const quote = 0x22;
const backslash = 0x5c;

function scanDepth(text: string, maxDepth: number): boolean {
  let depth = 0;
  for (let at = 0; at < text.length; at += 1) {
    const char = text.charCodeAt(at);
    if (char === quote) {
      at = endOfString(text, at + 1);
    } else if (char === 0x7b || char === 0x5b) {
      depth += 1;
      if (depth > maxDepth) return true;
    } else if (char === 0x7d || char === 0x5d) {
      depth -= 1;
    }
  }
  return false;
}

/** Where the closing quote stands, or the text's end. */
function endOfString(text: string, from: number): number {
  for (let at = from; at < text.length; at += 1) {
    const char = text.charCodeAt(at);
    if (char === backslash) at += 1;
    else if (char === quote) return at;
  }
  return text.length;
}

/**
 * Params by position as params by name; null stands for an absent one (protocol.md).
 * @param names the schema's properties in order
 * @returns undefined when there are more values than names
 */
export function named(
  values: readonly unknown[], names: readonly string[],
): Record<string, unknown> | undefined {
  if (values.length > names.length) return undefined;
  const params: Record<string, unknown> = {};
  for (const [index, name] of names.entries()) {
    const value = values[index];
    if (value !== undefined && value !== null) params[name] = value;
  }
  return params;
}

/**
 * Whether a text takes more bytes than a bound, without counting where its length says so.
 * @param maxBytes in UTF-8; 0 for none
 */
export function largerThan(text: string | Uint8Array, maxBytes: number): boolean {
  if (maxBytes === 0) return false;
  if (typeof text !== 'string') return text.byteLength > maxBytes;
  if (text.length > maxBytes) return true;
  return text.length * 3 > maxBytes && Buffer.byteLength(text) > maxBytes;
}
