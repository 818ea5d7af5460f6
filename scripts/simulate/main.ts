import { parseArgs } from 'node:util'
import { type Figures, simulate } from './run.ts'

/**
 * `npm run simulate -- --ops N --seed S`: N acts of people against a server of its own, with everything going wrong, held against a model.
 * Exit codes: 0 all is as the rules say, 1 something is not, 64 wrong arguments.
 */
const { ops, seed } = readArguments()
const started = performance.now()
process.stdout.write(`seed ${seed}, ${ops} acts\n`)
try {
  const figures = await simulate({ ops, seed, onLook: (so) => process.stdout.write(`${line(so)}\n`) })
  process.stdout.write(`0 contradictions. ${line(figures)}\n`)
  // The driver never quite leaves a server that was killed.
  process.exit(0)
} catch (error) {
  process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\nAgain: npm run simulate -- --ops ${ops} --seed ${seed}\n`)
  process.exit(1)
}

function line({ ops: done, kills, looks, faulted, memberships, purchases, days }: Figures): string {
  const seconds = (performance.now() - started) / 1_000
  return `${done} acts in ${Math.round(seconds)} s (${Math.round(done / seconds)} a second), ${faulted} of them in trouble, ${kills} kills, ${days} days; ${purchases} purchases, ${memberships} memberships; everything counted ${looks} times`
}

function readArguments(): { ops: number; seed: number } {
  try {
    const { values } = parseArgs({ options: { ops: { type: 'string', default: '5000' }, seed: { type: 'string' } } })
    const wanted = { ops: Number(values.ops), seed: Number(values.seed ?? Date.now() % 1_000_000_000) }
    if (!Number.isSafeInteger(wanted.ops) || wanted.ops < 1) throw new Error('--ops must be a whole number')
    if (!Number.isSafeInteger(wanted.seed)) throw new Error('--seed must be a whole number')
    return wanted
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : ''}\nUsage: npm run simulate -- [--ops N] [--seed S]\n`)
    return process.exit(64)
  }
}
