import { type Config, ConfigError, loadConfig } from '../../src/config.ts'
import { bad, type Finding, ok } from './finding.ts'
import { checkClock, checkEnvFile, checkFolder, checkMediaFolder, checkNode, checkPort, checkSpace } from './machine.ts'
import { checkProviders, checkPublicUrl, checkRedis, checkStore } from './services.ts'

/**
 * `npm run doctor [-- --json]`: whether a server with these settings can start and serve here, and what to do when not. It changes nothing.
 * Exit code: 1 when something fails; warnings are no failure.
 */
const findings: Finding[] = [checkNode(), checkEnvFile()]
const config = readConfig()
if (config) {
  findings.push(checkFolder(config), checkMediaFolder(config))
  const [{ findings: ofStore, at: storeAt }, redis, { finding: publicUrl, at: publicAt }, space, port] = await Promise.all([
    checkStore(config),
    checkRedis(config),
    checkPublicUrl(config),
    checkSpace(config),
    checkPort(config),
  ])
  findings.push(space, ...ofStore, redis, port, checkClock({ MongoDB: storeAt, PUBLIC_URL: publicAt }), publicUrl, ...checkProviders(config))
}
const failed = findings.filter(({ level }) => level === 'fail').length
if (process.argv.includes('--json')) process.stdout.write(`${JSON.stringify({ ok: failed === 0, findings }, null, 2)}\n`)
else show()
process.exit(failed === 0 ? 0 : 1)

function readConfig(): Config | undefined {
  try {
    const settings = loadConfig()
    findings.push(ok('settings', `${settings.NODE_ENV}; all of them are acceptable`))
    return settings
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    findings.push(...error.faults.map((fault) => bad('settings', fault, 'correct it in .env or the environment; .env.example describes every setting')))
    return undefined
  }
}

function show(): void {
  const width = Math.max(...findings.map(({ check }) => check.length))
  for (const { level, check, detail, remedy } of findings) {
    process.stdout.write(`  ${level.padEnd(4)}  ${check.padEnd(width)}  ${detail}\n`)
    if (remedy) process.stdout.write(`  ${' '.repeat(4)}  ${' '.repeat(width)}  → ${remedy}\n`)
  }
  process.stdout.write(failed === 0 ? '\n  Nothing stands in the way of npm start.\n' : `\n  ${failed} thing${failed === 1 ? '' : 's'} to repair first.\n`)
}
