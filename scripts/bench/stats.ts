export function quantile(values: readonly number[], q: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? Number.NaN
}

export function line(name: string, ...figures: string[]): void {
  process.stdout.write(`${name.padEnd(46)} ${figures.join('   ')}\n`)
}

export function ms(value: number): string {
  return `${value.toFixed(value < 10 ? 2 : 0)} ms`
}

export function rate(count: number, elapsedMs: number): string {
  return `${Math.round(count / (elapsedMs / 1000))}/s`
}
