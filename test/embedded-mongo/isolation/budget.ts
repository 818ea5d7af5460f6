/** How much a run may do: a number of transactions or a time, whichever is spent first. */
export interface Budget {
  /** False when nothing is left. */
  spend(): boolean
  spent(): number
}

export function createBudget({ transactions, milliseconds }: { transactions: number; milliseconds: number }): Budget {
  const end = performance.now() + milliseconds
  let spent = 0
  return Object.freeze({ spend, spent: () => spent })

  function spend(): boolean {
    if (spent >= transactions || performance.now() >= end) return false
    spent++
    return true
  }
}
