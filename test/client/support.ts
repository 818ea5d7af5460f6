import { startApp, type TestApp } from '../support/app.ts'

/** Ends a server and starts another at the same address on the same store. The first one's `stop` cleans up after both. */
export async function restart(app: TestApp): Promise<TestApp> {
  await app.app.stop(0)
  return startApp({ PORT: String(app.port) }, app)
}
