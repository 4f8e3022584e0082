import type { TSchema } from 'typebox';

/** What a compiled schema says about a value that it refused. */
interface SchemaError {
  readonly keyword: string;
  readonly schemaPath: string;
  readonly instancePath: string;
  readonly params: object;
}

/** The first thing wrong with a value. */
export interface SchemaFault {
  /** JSON pointer (RFC 6901). */
  readonly path: string;
  /** snake_case. */
  readonly reason: string;
  /** The limit by its name in Limits, where the schema names one as `x-limit`. */
  readonly limit?: string;
}

const reasons: Readonly<Record<string, string>> = {
  type: 'wrong_type',
  enum: 'not_one_of',
  const: 'not_one_of',
  anyOf: 'no_alternative',
  oneOf: 'no_alternative',
  pattern: 'pattern',
  format: 'pattern',
  maxLength: 'too_long',
  maxItems: 'too_many',
  maxProperties: 'too_many',
  maximum: 'too_large',
  exclusiveMaximum: 'too_large',
  minLength: 'too_short',
  minItems: 'too_few',
  minProperties: 'too_few',
  minimum: 'too_small',
  exclusiveMinimum: 'too_small',
};

/** The word that `error` names under `member`, for the keywords that list property names. */
function listed(error: SchemaError, member: string): string | undefined {
  const names: unknown = Reflect.get(error.params, member);
  return Array.isArray(names) && typeof names[0] === 'string' ? names[0] : undefined;
}

const pointer = (base: string, name: string | undefined): string =>
  name === undefined ? base : `${base}/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`;

/** The schema at a path such as `#/properties/text`. */
function schemaAt(root: TSchema, path: string): object | undefined {
  let at: unknown = root;
  for (const step of path.split('/').slice(1)) {
    if (typeof at !== 'object' || at === null) return undefined;
    at = Reflect.get(at, step.replaceAll('~1', '/').replaceAll('~0', '~'));
  }
  return typeof at === 'object' && at !== null ? at : undefined;
}

/**
 * The fault to report of those that a schema found: an alternative's own errors say less than that
 * none fitted, and an unknown or missing member is named by its own path.
 * @param errors at least one
 */
export function firstFault(root: TSchema, errors: readonly SchemaError[]): SchemaFault {
  const error = errors.find(({ keyword }) => keyword === 'additionalProperties')
    ?? errors.find(({ keyword }) => keyword === 'required')
    ?? errors.find(({ schemaPath }) => !/\/(anyOf|oneOf)\//.test(schemaPath)) ?? errors[0];
  if (error === undefined) return { path: '', reason: 'invalid' };
  if (error.keyword === 'additionalProperties') {
    return {
      path: pointer(error.instancePath, listed(error, 'additionalProperties')), reason: 'unknown',
    };
  }
  if (error.keyword === 'required') {
    return {
      path: pointer(error.instancePath, listed(error, 'requiredProperties')), reason: 'missing',
    };
  }
  const schema = schemaAt(root, error.schemaPath);
  const limit: unknown = schema === undefined ? undefined : Reflect.get(schema, 'x-limit');
  const fault = { path: error.instancePath, reason: reasons[error.keyword] ?? 'invalid' };
  const bounded = error.keyword === '~refine' || /^(max|exclusiveMax)/.test(error.keyword);
  return bounded && typeof limit === 'string' ? { ...fault, limit } : fault;
}
