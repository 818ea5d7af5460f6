import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { EmbeddedStore } from '../../src/embedded-mongo/launcher.ts'
import { expectNoStrayWrites } from './writes.ts'

/** What a run of tests needs once, however many processes it is shared out to: what `npm start` builds, and a store. */

const root = fileURLToPath(new URL('../..', import.meta.url))
const builtFrom = ['src', 'scripts', 'package-lock.json', 'tsconfig.json']
let running: { store: EmbeddedStore; dir: string } | undefined

export async function mochaGlobalSetup(): Promise<void> {
  if (newest(builtFrom) > newest(['dist/main.js'])) build()
  const { startEmbeddedStore } = await import('./built.ts')
  const dir = mkdtempSync(join(tmpdir(), 'ovation-test-'))
  const store = await startEmbeddedStore({ dir: join(dir, 'store'), onFatal: () => process.exit(70) })
  running = { store, dir }
  process.env['TEST_STORE_URI'] = store.uri
}

export async function mochaGlobalTeardown(): Promise<void> {
  await running?.store.stop()
  if (running) rmSync(running.dir, { recursive: true, force: true })
}

export const mochaHooks = { afterAll: expectNoStrayWrites }

function build(): void {
  const built = spawnSync(process.execPath, ['scripts/build.mjs'], { cwd: root, encoding: 'utf8' })
  if (built.status !== 0) throw new Error(`The build failed:\n${built.stdout}${built.stderr}`)
}

function newest(paths: string[]): number {
  const times = paths.flatMap((path) => {
    const stat = statSync(join(root, path), { throwIfNoEntry: false })
    if (!stat) return []
    return stat.isDirectory() ? [newest(readdirSync(join(root, path)).map((name) => `${path}/${name}`))] : [stat.mtimeMs]
  })
  return Math.max(0, ...times)
}
