import type { Clock } from './clock.js';
import { openWebSocket } from './transports/websocket.js';

/**
 * Whether a WebSocket passes by now, tried beside the connection that there is: leaving that one
 * to find out would interrupt the application for nothing.
 */
export async function webSocketPasses(
  url: string, clock: Clock, timeoutMs: number,
): Promise<boolean> {
  const late = new AbortController();
  const cancel = clock.after(timeoutMs, () => late.abort());
  const nothing = (): void => undefined;
  const deaf = { message: nothing, alive: nothing, closed: nothing };
  try {
    (await openWebSocket({ url, token: '' }, deaf, late.signal)).close();
    return true;
  } catch {
    return false;
  } finally {
    cancel();
  }
}
