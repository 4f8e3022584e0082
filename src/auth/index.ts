/** Who a bearer token belongs to, and tokens of our own. */
export { signToken, type TokenContent } from './sign.js';
export { createVerifier, type ApiKey, type VerifierOptions } from './verify.js';
