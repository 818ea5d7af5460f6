/** Marks a place where a crash is interesting. */
export interface Failpoints {
  hit(name: string): void
}

/**
 * `name:n` ends this process with SIGKILL when it passes that point for the n-th time, as a power cut would: no handler runs. Without a
 * setting every point is a no-op.
 */
export function createFailpoints(setting: string | undefined): Failpoints {
  if (!setting) return Object.freeze({ hit: () => {} })
  const [target, count] = setting.split(':')
  let left = Number(count)
  return Object.freeze({
    hit(name: string) {
      if (name !== target || --left > 0) return
      process.kill(process.pid, 'SIGKILL')
    },
  })
}
