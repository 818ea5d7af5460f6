const everyMs = 200

export interface Progress {
  step(): void
  done(): void
}

/** One line for each phase: how far, how fast, how long still. On a terminal it moves; elsewhere only its end is written. */
export function startPhase(name: string, total: number): Progress {
  const started = performance.now()
  const isTerminal = process.stdout.isTTY
  let count = 0
  let shownAt = 0

  return {
    step() {
      count++
      const now = performance.now()
      if (!isTerminal || now - shownAt < everyMs) return
      shownAt = now
      const rate = count / ((now - started) / 1_000)
      process.stdout.write(`\r  ${name.padEnd(12)} ${bar(count / total)} ${count}/${total}  ${rate.toFixed(0)}/s  ${Math.ceil((total - count) / rate)} s left   `)
    },
    done() {
      const seconds = (performance.now() - started) / 1_000
      process.stdout.write(`${isTerminal ? '\r' : ''}  ${name.padEnd(12)} ${count}/${total} in ${seconds.toFixed(1)} s${isTerminal ? ' '.repeat(40) : ''}\n`)
    },
  }
}

function bar(share: number): string {
  const full = Math.round(share * 20)
  return `${'█'.repeat(full)}${'░'.repeat(20 - full)}`
}
