import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { performance } from 'node:perf_hooks'
import { fileURLToPath } from 'node:url'

/** Compiles the server into dist/ and bundles the pages into dist/web/. Exits with 1 and the compiler's own words on any error. */
const root = fileURLToPath(new URL('..', import.meta.url))
const require = createRequire(import.meta.url)
const started = performance.now()

const compiler = locate('typescript/package.json').replace(/package\.json$/, 'bin/tsc')
const { build } = await import(locate('esbuild'))

rmSync(`${root}dist/web`, { recursive: true, force: true })
const compiled = spawnSync(process.execPath, [compiler, '-p', 'tsconfig.json'], { cwd: root, stdio: 'inherit' })
if (compiled.status !== 0) process.exit(1)

mkdirSync(`${root}dist/web/overlay`, { recursive: true })
cpSync(`${root}src/web/home/index.html`, `${root}dist/web/index.html`)
cpSync(`${root}src/web/overlay/index.html`, `${root}dist/web/overlay/index.html`)
await build({
  absWorkingDir: root,
  entryPoints: { home: 'src/web/home/main.ts', 'home-style': 'src/web/home/style.css', overlay: 'src/web/overlay/main.ts', 'overlay-style': 'src/web/overlay/style.css' },
  outdir: 'dist/web/assets',
  bundle: true,
  format: 'esm',
  target: 'es2022',
  minify: true,
  sourcemap: true,
  logLevel: 'warning',
}).catch(() => process.exit(1))
process.stdout.write(`Built in ${Math.round(performance.now() - started)} ms\n`)

function locate(name) {
  try {
    return require.resolve(name)
  } catch {
    process.stderr.write(`${name.split('/')[0]} is not installed, so nothing can be built. Run: npm ci --include=dev\n`)
    return process.exit(1)
  }
}
