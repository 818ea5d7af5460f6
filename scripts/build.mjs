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

for (const made of ['web', 'scripts']) rmSync(`${root}dist/${made}`, { recursive: true, force: true })
const compiled = spawnSync(process.execPath, [compiler, '-p', 'tsconfig.json', '--singleThreaded'], { cwd: root, stdio: 'inherit' })
if (compiled.status !== 0) process.exit(1)

const pages = ['home', 'creator', 'fan', 'studio', 'admin', 'overlay']
for (const folder of [...pages, 'docs', 'assets']) mkdirSync(`${root}dist/web/${folder}`, { recursive: true })
for (const page of pages) cpSync(`${root}src/web/${page}/index.html`, `${root}dist/web/${page}/index.html`)
for (const page of ['index.html', 'realtime.html']) cpSync(`${root}src/web/docs/${page}`, `${root}dist/web/docs/${page}`)
const swagger = locate('swagger-ui-dist/package.json').replace(/package\.json$/, '')
for (const asset of ['swagger-ui-bundle.js', 'swagger-ui-bundle.js.LICENSE.txt', 'swagger-ui.css']) cpSync(`${swagger}${asset}`, `${root}dist/web/assets/${asset}`)
await build({
  absWorkingDir: root,
  entryPoints: {
    ...Object.fromEntries(pages.map((page) => [page, `src/web/${page}/main.ts`])),
    kit: 'src/web/kit/style.css',
    'overlay-style': 'src/web/overlay/style.css',
    'docs-rest': 'src/web/docs/rest.ts',
    'docs-rest-style': 'src/web/docs/rest.css',
    'docs-realtime': 'src/web/docs/realtime.ts',
    'docs-realtime-style': 'src/web/docs/realtime.css',
  },
  outdir: 'dist/web/assets',
  bundle: true,
  format: 'esm',
  target: 'es2022',
  minify: true,
  sourcemap: true,
  logLevel: 'warning',
}).catch(() => process.exit(1))
// The operator's commands, for where there are no sources and no compiler: each finds the server's own files beside it.
await build({
  absWorkingDir: root,
  entryPoints: { 'admin-create': 'scripts/admin-create.ts', doctor: 'scripts/doctor/main.ts', migrate: 'scripts/migrate.ts', seed: 'scripts/seed/main.ts', 'verify-ledger': 'scripts/verify-ledger.ts' },
  outdir: 'dist/scripts',
  bundle: true,
  // What is imported later is loaded later.
  splitting: true,
  packages: 'external',
  plugins: [{ name: 'beside', setup: (bundle) => bundle.onResolve({ filter: /\/src\// }, ({ path }) => ({ path: path.replace(/^.*\/src\//, '../').replace(/\.ts$/, '.js'), external: true })) }],
  platform: 'node',
  format: 'esm',
  target: 'node20',
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
