import { html } from 'htm/preact'
import type { ComponentChildren } from 'preact'
import { useEffect, useRef, useState } from 'preact/hooks'
import { formatMoney } from '../format.ts'
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

export interface Loaded<T> {
  value: T | undefined
  error: string
  reload: () => void
  set: (value: T) => void
}

/** Something that is asked for when a view opens, and again whenever `reload` is called; what comes too late is dropped. */
export function useLoaded<T>(load: () => Promise<T>, deps: readonly unknown[]): Loaded<T> {
  const [value, setValue] = useState<T | undefined>()
  const [error, setError] = useState('')
  const turn = useRef(0)
  const reload = (): void => {
    const mine = ++turn.current
    load().then(
      (answer) => {
        if (mine !== turn.current) return
        setValue(answer)
        setError('')
      },
      (failure: unknown) => mine === turn.current && setError(sentenceOf(failure)),
    )
  }
  useEffect(() => {
    setValue(undefined)
    reload()
    return () => void turn.current++
  }, deps)
  return { value, error, reload, set: setValue }
}

export function Trouble({ text }: { text: string }) {
  return html`<p class="bad" role="alert">${text}</p>`
}

export function Loading() {
  return html`<p class="soft loading" role="status">Loading…</p>`
}

/** Loading, trouble with a way out, or the thing itself. */
export function Show<T>({ of, children }: { of: Loaded<T>; children: (value: T) => ComponentChildren }) {
  if (of.value !== undefined) return html`${of.error && html`<${Trouble} text=${of.error} />`}${children(of.value)}`
  if (of.error) return html`<${Trouble} text=${of.error} /><p><button type="button" class="plain" onClick=${of.reload}>Try again</button></p>`
  return html`<${Loading} />`
}

export function Money({ amount, currency }: { amount: number; currency: string }) {
  return html`<span class="amount">${formatMoney(amount, currency)}</span>`
}

export function When({ at }: { at: string }) {
  const date = new Date(at)
  return html`<time datetime=${at} title=${date.toLocaleString()}>${ago(date)}</time>`
}

/** A question before something that can't be taken back. */
export function Confirm({ question, detail, yes, onYes, onNo }: { question: string; detail: string; yes: string; onYes: () => void; onNo: () => void }) {
  const dialog = useRef<HTMLDialogElement>(null)
  useEffect(() => dialog.current?.showModal(), [])
  return html`
    <dialog ref=${dialog} aria-labelledby="confirm-title" onClose=${onNo}>
      <h2 id="confirm-title">${question}</h2>
      <p>${detail}</p>
      <div class="row"><button type="button" class="danger" onClick=${onYes}>${yes}</button><button type="button" class="plain" onClick=${onNo}>Leave it</button></div>
    </dialog>
  `
}

/** A select that keeps what was chosen while the form around it is drawn again. */
export function Choice({ name, chosen, options }: { name: string; chosen: string; options: readonly (readonly [string, string])[] }) {
  return html`<select name=${name}>${options.map(([value, title]) => html`<option key=${value} value=${value} defaultSelected=${value === chosen}>${title}</option>`)}</select>`
}

export function valuesOf(event: Event): Record<string, string> {
  event.preventDefault()
  const data = new FormData(event.currentTarget as HTMLFormElement)
  return Object.fromEntries([...data].map(([name, value]) => [name, typeof value === 'string' ? value.trim() : '']))
}

/** Hands a document to the person who asked for it, without a server in between. */
export function saveFile(name: string, content: unknown): void {
  const url = URL.createObjectURL(new Blob([JSON.stringify(content, null, 2)], { type: 'application/json' }))
  const link = Object.assign(document.createElement('a'), { href: url, download: name })
  link.click()
  setTimeout(() => URL.revokeObjectURL(url), 1_000)
}

const steps: [number, Intl.RelativeTimeFormatUnit][] = [
  [60, 'second'],
  [60, 'minute'],
  [24, 'hour'],
  [30, 'day'],
  [12, 'month'],
  [Number.POSITIVE_INFINITY, 'year'],
]

function ago(date: Date): string {
  let amount = (date.getTime() - Date.now()) / 1000
  for (const [size, unit] of steps) {
    if (Math.abs(amount) < size) return new Intl.RelativeTimeFormat('en', { numeric: 'auto' }).format(Math.round(amount), unit)
    amount /= size
  }
  return date.toLocaleDateString()
}
