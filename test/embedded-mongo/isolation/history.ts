/** One key read or appended to; every appended value is used once in a run. */
export type Step = { kind: 'append'; key: number; value: number } | { kind: 'read'; key: number; values: number[] }

export interface Transaction {
  id: number
  /** Positions in one order of all beginnings and ends; `ended` is infinite when nobody knows whether the commit arrived. */
  begun: number
  ended: number
  outcome: 'committed' | 'aborted' | 'unknown'
  steps: Step[]
}

/**
 * Judges a list-append history by what snapshot isolation forbids, after the method of Elle: the final lists give the order of all writes to a key,
 * so every dependency can be recovered from what was read. `final` holds the lists as they are after the last transaction.
 * Returns one sentence an anomaly: aborted or intermediate reads, lost or doubled writes, reads that no snapshot explains, and cycles in which no two
 * anti-dependencies follow each other (G0, G1c, G-single, G-nonadjacent). What was acknowledged counts as before whatever begins later.
 */
export function findAnomalies(history: Transaction[], final: Map<number, number[]>): string[] {
  const settled = history.map((transaction) => settle(transaction, final))
  const writers = writersOf(settled)
  const found = [...misplacedWrites(settled, final, writers), ...settled.flatMap((transaction) => wrongReads(transaction, final))]
  // Without an order of writes there is nothing to draw a graph from.
  if (found.length > 0) return found
  const cycle = findCycle(dependencies(settled, final, writers))
  return cycle ? [`a cycle that snapshot isolation forbids: ${cycle}`] : []
}

/** A commit whose answer was lost did happen if any of its values is there. */
function settle(transaction: Transaction, final: Map<number, number[]>): Transaction {
  if (transaction.outcome !== 'unknown') return transaction
  const landed = appendsOf(transaction).some(({ key, value }) => final.get(key)?.includes(value))
  return { ...transaction, outcome: landed ? 'committed' : 'aborted' }
}

function writersOf(history: Transaction[]): Map<number, Transaction> {
  return new Map(history.flatMap((transaction) => appendsOf(transaction).map(({ value }) => [value, transaction] as const)))
}

function misplacedWrites(history: Transaction[], final: Map<number, number[]>, writers: Map<number, Transaction>): string[] {
  const found: string[] = []
  for (const [key, values] of final) {
    if (new Set(values).size !== values.length) found.push(`key ${key} holds a value twice: ${values.join(' ')}`)
    for (const value of values) {
      const writer = writers.get(value)
      if (writer?.outcome !== 'committed')
        found.push(`key ${key} holds ${value}, whose transaction ${writer?.id ?? 'nobody knows'} did not commit`)
    }
  }
  for (const transaction of history) {
    if (transaction.outcome !== 'committed') continue
    for (const { key, value } of appendsOf(transaction)) {
      if (!final.get(key)?.includes(value)) found.push(`lost write: ${value}, appended to key ${key} by ${transaction.id}, is gone`)
    }
  }
  return found
}

/** Each read must be a prefix of the key's final list, followed by what the transaction itself had appended, and the same prefix all along. */
function wrongReads(transaction: Transaction, final: Map<number, number[]>): string[] {
  const found: string[] = []
  const prefixes = new Map<number, number[]>()
  const own = new Map<number, number[]>()
  for (const step of transaction.steps) {
    const mine = own.get(step.key) ?? []
    if (step.kind === 'append') {
      own.set(step.key, [...mine, step.value])
      continue
    }
    const prefix = step.values.slice(0, step.values.length - mine.length)
    const before = prefixes.get(step.key)
    if (!isPrefix(mine, step.values.slice(prefix.length)) || step.values.length < mine.length) {
      found.push(`${transaction.id} did not read its own appends ${mine.join(' ')} to key ${step.key}: ${step.values.join(' ')}`)
    } else if (before && !(isPrefix(before, prefix) && before.length === prefix.length)) {
      found.push(`${transaction.id} read key ${step.key} twice and saw two snapshots: ${before.join(' ')} then ${prefix.join(' ')}`)
    } else if (!isPrefix(prefix, final.get(step.key) ?? [])) {
      found.push(
        `${transaction.id} read key ${step.key} as ${prefix.join(' ')}, which it never was: ${(final.get(step.key) ?? []).join(' ')}`,
      )
    }
    prefixes.set(step.key, prefix)
  }
  return found
}

/**
 * Two nodes a transaction: reached by a dependency, or by an anti-dependency. An anti-dependency leads from the first to the second only, so a cycle in
 * this graph is exactly a cycle of dependencies in which no two anti-dependencies touch, and those are what a snapshot rules out.
 */
function dependencies(history: Transaction[], final: Map<number, number[]>, writers: Map<number, Transaction>): Graph {
  const graph: Graph = new Map()
  for (const [, values] of final) {
    for (const [index, value] of values.slice(1).entries()) depend(graph, writers.get(values[index]!)!.id, writers.get(value)!.id, 'ww')
  }
  for (const transaction of history) {
    for (const { key, prefix } of externalReads(transaction)) {
      const order = final.get(key) ?? []
      const [seen, unseen] = [prefix.at(-1), order[prefix.length]]
      if (seen !== undefined) depend(graph, writers.get(seen)!.id, transaction.id, 'wr')
      if (unseen !== undefined) antiDepend(graph, transaction.id, writers.get(unseen)!.id)
    }
  }
  for (const [earlier, later] of acknowledgedBefore(history)) depend(graph, earlier, later, 'time')
  return graph
}

function externalReads(transaction: Transaction): { key: number; prefix: number[] }[] {
  const own = new Map<number, number>()
  const reads: { key: number; prefix: number[] }[] = []
  for (const step of transaction.steps) {
    const mine = own.get(step.key) ?? 0
    if (step.kind === 'append') own.set(step.key, mine + 1)
    else reads.push({ key: step.key, prefix: step.values.slice(0, step.values.length - mine) })
  }
  return reads
}

/** Enough pairs that the others follow from them: those whose end no other transaction lies wholly behind. */
function* acknowledgedBefore(history: Transaction[]): Generator<[number, number]> {
  const byEnd = history
    .filter(({ outcome, ended }) => outcome === 'committed' && Number.isFinite(ended))
    .toSorted((a, b) => a.ended - b.ended)
  let latest: Transaction[] = []
  let next = 0
  for (const transaction of history.toSorted((a, b) => a.begun - b.begun)) {
    for (; next < byEnd.length && byEnd[next]!.ended < transaction.begun; next++) {
      const arrived = byEnd[next]!
      latest = [...latest.filter((earlier) => earlier.ended >= arrived.begun), arrived]
    }
    for (const earlier of latest) yield [earlier.id, transaction.id]
  }
}

type Graph = Map<string, { to: string; label: string }[]>

function depend(graph: Graph, from: number, to: number, label: string): void {
  if (from === to) return
  connect(graph, `${from}`, `${to}`, label)
  connect(graph, `${from}'`, `${to}`, label)
}

function antiDepend(graph: Graph, from: number, to: number): void {
  if (from !== to) connect(graph, `${from}`, `${to}'`, 'rw')
}

function connect(graph: Graph, from: string, to: string, label: string): void {
  const edges = graph.get(from) ?? []
  edges.push({ to, label })
  graph.set(from, edges)
}

/** Depth first without recursion, for a run has tens of thousands of nodes. Tells the cycle's edges. */
function findCycle(graph: Graph): string | undefined {
  const done = new Set<string>()
  for (const start of graph.keys()) {
    const path: { node: string; label: string; next: number }[] = [{ node: start, label: '', next: 0 }]
    const onPath = new Set([start])
    while (path.length > 0) {
      const top = path.at(-1)!
      const edge = done.has(top.node) ? undefined : graph.get(top.node)?.[top.next++]
      if (!edge) {
        done.add(top.node)
        onPath.delete(top.node)
        path.pop()
      } else if (onPath.has(edge.to)) {
        const cycle = path.slice(path.findIndex(({ node }) => node === edge.to))
        return (
          cycle.map(({ node, label }, index) => (index === 0 ? node : ` -${label}-> ${node}`)).join('') + ` -${edge.label}-> ${edge.to}`
        )
      } else if (!done.has(edge.to)) {
        onPath.add(edge.to)
        path.push({ node: edge.to, label: edge.label, next: 0 })
      }
    }
  }
  return undefined
}

function appendsOf(transaction: Transaction): { key: number; value: number }[] {
  return transaction.steps.filter((step) => step.kind === 'append')
}

function isPrefix(start: number[], whole: number[]): boolean {
  return start.length <= whole.length && start.every((value, index) => whole[index] === value)
}
