import { html } from 'htm/preact'
import { useEffect, useState } from 'preact/hooks'
import type { Client } from '../../client/index.ts'

const lookAgainMs = 30_000

/** Where business time was moved, everybody is told: dates on the page are not those of the day. */
export function TestClock({ client }: { client: Client }) {
  const [now, setNow] = useState('')
  useEffect(() => {
    const look = (): void =>
      void client.call('clock:now', {}).then(
        (clock) => setNow(clock.offset_ms > 0 ? clock.now : ''),
        () => {},
      )
    look()
    const timer = setInterval(look, lookAgainMs)
    const stops = [client.on('clock:moved', look), client.on('membership:changed', look), client.on('session:ready', look)]
    return () => {
      clearInterval(timer)
      stops.forEach((stop) => stop())
    }
  }, [])
  return now && html`<span class="chip" title="Business time was moved, for tests">Test clock: <time datetime=${now}>${new Date(now).toLocaleDateString(undefined, { dateStyle: 'medium' })}</time></span>`
}
