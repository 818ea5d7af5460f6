/** Lets `parties` callers go on in the same instant, once the last has come, or `patienceMs` after the first when some never do. */
export function createBarrier(parties: number, patienceMs: number): () => Promise<void> {
  let waiting = 0
  let open: () => void = () => undefined
  let timer: NodeJS.Timeout | undefined
  const opened = new Promise<void>((resolve) => {
    open = resolve
  })
  return async () => {
    waiting++
    timer ??= setTimeout(open, patienceMs)
    if (waiting >= parties) open()
    await opened
    clearTimeout(timer)
  }
}
