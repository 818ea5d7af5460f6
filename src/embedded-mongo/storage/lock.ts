import { existsSync, linkSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { exitLocked, StoreRefused } from './refusal.ts'

const lockWaitMs = 5_000
const lookEveryMs = 50
/** A lock that nobody can read is being written just now, unless it is older than this: then a crash has left it. */
const unreadableForMs = 2_000

/**
 * One process a store. The lock names its holder by pid, start and boot, so that a crash or a reboot leaves nothing to clean up by hand. A
 * holder that is just ending is waited for.
 * @returns what lets go of it @throws StoreRefused (75) naming the holder
 */
export async function takeLock(file: string): Promise<() => void> {
  const mine = JSON.stringify({ pid: process.pid, boot: bootId(), started: startOf(process.pid) })
  const until = performance.now() + lockWaitMs
  for (;;) {
    if (wrote(file, mine)) return () => rmSync(file, { force: true })
    const { text, holder } = look(file)
    if (holder === undefined) takeAway(file, text)
    else if (performance.now() > until) throw new StoreRefused(`${file} is held by process ${holder}, which is alive. Stop it first, or choose another DATA_DIR.`, exitLocked)
    else await delay(lookEveryMs)
  }
}

function wrote(file: string, text: string): boolean {
  const own = `${file}.${process.pid}`
  writeFileSync(own, text, { mode: 0o600 })
  try {
    // A link is made whole or not at all, so nobody ever sees a lock without its holder.
    linkSync(own, file)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    return false
  } finally {
    rmSync(own, { force: true })
  }
}

// Between the look and now another process may have taken the dead one's lock away and put its own there: then that goes back.
function takeAway(file: string, dead: string): void {
  const aside = `${file}.dead.${process.pid}`
  try {
    renameSync(file, aside)
    if (readFileSync(aside, 'utf8') !== dead) linkSync(aside, file)
  } catch (error) {
    if (!['ENOENT', 'EEXIST'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error
  } finally {
    rmSync(aside, { force: true })
  }
}

function look(file: string): { text: string; holder: number | undefined } {
  let text = ''
  try {
    text = readFileSync(file, 'utf8')
    const { pid, boot, started } = JSON.parse(text) as { pid: number; boot: string; started: string }
    return { text, holder: boot === bootId() && started !== '' && startOf(pid) === started ? pid : undefined }
  } catch {
    const isFresh = existsSync(file) && Date.now() - statSync(file).mtimeMs < unreadableForMs
    return { text, holder: isFresh ? 0 : undefined }
  }
}

function bootId(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
  } catch {
    return 'unknown'
  }
}

// A pid alone may have been given to somebody else since; together with its start it names one process.
function startOf(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return fields[0] === 'Z' ? '' : (fields[19] ?? '')
  } catch {
    try {
      process.kill(pid, 0)
      return existsSync('/proc/self/stat') ? '' : 'alive'
    } catch {
      return ''
    }
  }
}
