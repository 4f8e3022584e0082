import type { Static, TObject, TSchema } from 'typebox';
import { Compile, type Validator } from 'typebox/compile';
import { code, RpcError, invalidParams } from './errors.js';
import type { Call, EventSpec, Method } from './method.js';
import { openrpc, type OpenRpcDocument, type ServiceInfo } from './openrpc.js';
import { discoverMethod } from './discover.js';
import { firstFault } from './schema-fault.js';

/** A method with what is made of its schemas, compiled at the first call: start-up stays short. */
export class RegisteredMethod<App> {
  readonly method: Method<App>;
  /** Params in positional order. */
  readonly names: readonly string[];
  readonly #params: TSchema;
  #checkParams: Validator | undefined;
  #checkResult: Validator | undefined;

  constructor(method: Method<App>) {
    this.method = method;
    this.names = Object.keys(method.params.properties);
    // Unknown params are refused, whether or not the schema says so (protocol.md, Methods).
    const strict = { additionalProperties: false, ...method.params };
    this.#params = strict;
  }

  /** Calls the handler with params that were checked. */
  readonly handle = (call: Call<App>, params: unknown): unknown =>
    // The schema said yes: this is where a checked value gets its type.
    this.method.handler(call, params as Static<TObject>);

  /** What is wrong with the params, or undefined: -32602 with the place as a JSON pointer. */
  check(params: unknown): RpcError | undefined {
    this.#checkParams ??= Compile(this.#params);
    if (this.#checkParams.Check(params)) return undefined;
    const fault = firstFault(this.#params, this.#checkParams.Errors(params));
    return invalidParams(fault.path, fault.reason, fault.limit);
  }

  /** Where a result differs from what the method promises: for tests. */
  checkResult(result: unknown): string | undefined {
    this.#checkResult ??= Compile(this.method.result);
    if (this.#checkResult.Check(result)) return undefined;
    const fault = firstFault(this.method.result, this.#checkResult.Errors(result));
    return `${fault.path}: ${fault.reason}`;
  }
}

/** The methods and events of a service: what can be called, and what is told about it. */
export class Registry<App = unknown> {
  readonly info: ServiceInfo;
  readonly #methods = new Map<string, RegisteredMethod<App>>();
  readonly #events = new Map<string, EventSpec>();
  #document: OpenRpcDocument | undefined;

  constructor(info: ServiceInfo = { title: 'JSON-RPC 2.0 service', version: '1.0.0' }) {
    this.info = info;
    const discover = discoverMethod<App>(() => this.openrpc());
    this.#methods.set(discover.name, new RegisteredMethod(discover));
  }

  /**
   * Adds a method.
   * @throws RangeError for a name that is taken, empty or reserved (JSON-RPC 2.0, section 4:
   *   `rpc.`; `$/` is the protocol's own)
   */
  method<P extends TObject, R extends TSchema>(method: Method<App, P, R>): this {
    if (method.name === '' || method.name.startsWith('rpc.') || method.name.startsWith('$/')) {
      throw new RangeError(`a method cannot be called ${JSON.stringify(method.name)}`);
    }
    if (this.#methods.has(method.name)) throw new RangeError(`method ${method.name} exists`);
    this.#methods.set(method.name, new RegisteredMethod<App>(method));
    this.#document = undefined;
    return this;
  }

  /** @throws RangeError for a name that is taken */
  event<P extends TObject>(event: EventSpec<P>): this {
    if (this.#events.has(event.name)) throw new RangeError(`event ${event.name} exists`);
    this.#events.set(event.name, event);
    this.#document = undefined;
    return this;
  }

  find(name: string): RegisteredMethod<App> | undefined {
    return this.#methods.get(name);
  }

  get methods(): IterableIterator<RegisteredMethod<App>> {
    return this.#methods.values();
  }

  get events(): IterableIterator<EventSpec> {
    return this.#events.values();
  }

  /** The OpenRPC document of what is registered now. */
  openrpc(): OpenRpcDocument {
    return this.#document ??= openrpc(
      this.info, [...this.#methods.values()].map(({ method }) => method),
      [...this.#events.values()],
    );
  }
}

/** Refuses a call of a name that nobody registered. */
export const methodNotFound = (): RpcError => new RpcError(code.methodNotFound, 'unknown_method');
