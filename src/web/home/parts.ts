import { html } from 'htm/preact'
import { useState } from 'preact/hooks'
import { sentenceOf } from './words.ts'

/** A running action with its error: one at a time, so that a second press does nothing. */
export function useAction<A extends unknown[]>(act: (...args: A) => Promise<void>): { busy: boolean; error: string; run: (...args: A) => void } {
  const [busy, setBusy] = useState(false)
  const [error, setError] = useState('')
  return {
    busy,
    error,
    run(...args) {
      if (busy) return
      setBusy(true)
      setError('')
      act(...args)
        .catch((failure: unknown) => setError(sentenceOf(failure)))
        .finally(() => setBusy(false))
    },
  }
}

export function Trouble({ text }: { text: string }) {
  return html`<p class="bad" role="alert">${text}</p>`
}

export function valuesOf(event: Event): Record<string, string> {
  event.preventDefault()
  const data = new FormData(event.currentTarget as HTMLFormElement)
  return Object.fromEntries([...data].map(([name, value]) => [name, typeof value === 'string' ? value.trim() : '']))
}
