/** `ISOLATION_SEED` runs a printed seed again; without it every run has a new one. */
export function isolationSeed(): number {
  const wanted = Number(process.env.ISOLATION_SEED)
  return Number.isInteger(wanted) && wanted > 0 ? wanted : Math.trunc(performance.timeOrigin) % 2 ** 31
}
