import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createApp } from '../src/app.ts'
import { loadConfig } from '../src/config.ts'
import { startEmbeddedStore } from '../src/embedded-mongo/launcher.ts'
import { newToken } from '../src/kernel/ids.ts'
import { createLogger } from '../src/platform/logger.ts'
import { createClock, wall } from '../src/platform/system-clock.ts'
import { renderEnvExample } from './env-example.ts'

/**
 * Writes what is generated and committed; a test fails when it has drifted. The documents are asked of an app that was made and never
 * started, on an empty store, with default settings: what they tell is what is mounted.
 */
write('.env.example', renderEnvExample())
const dir = mkdtempSync(join(tmpdir(), 'ovation-generate-'))
const log = createLogger('warn')
const store = await startEmbeddedStore({ dir, log })
try {
  const { documents } = await createApp(loadConfig({}), { mongoUri: store.uri, dbName: 'ovation', secret: newToken(), clock: createClock(wall), wall, log, soleProcess: true })
  write('docs/openapi.json', documents.openApi())
  write('docs/asyncapi.json', documents.asyncApi())
} finally {
  await store.stop()
  rmSync(dir, { recursive: true, force: true })
}
process.exit()

function write(path: string, text: string): void {
  writeFileSync(new URL(`../${path}`, import.meta.url), text)
}
