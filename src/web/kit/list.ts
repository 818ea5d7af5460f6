import { html } from 'htm/preact'
import type { ComponentChildren } from 'preact'
import { useEffect, useRef, useState } from 'preact/hooks'
import type { Page } from '../../kernel/page.ts'
import { Loading, Trouble, useAction } from './parts.ts'
import { sentenceOf } from './words.ts'

export interface Listed<T> {
  items: T[] | undefined
  hasMore: boolean
  error: string
  busy: boolean
  more: () => void
  reload: () => void
  /** changes what is shown without asking again: for facts that bring the new row themselves */
  change: (to: (items: T[]) => T[]) => void
}

/** A list that comes page by page and can be read again from its beginning. */
export function useList<T>(load: (cursor: string | undefined) => Promise<Page<T>>, deps: readonly unknown[]): Listed<T> {
  const [items, setItems] = useState<T[] | undefined>()
  const [next, setNext] = useState<string | null>(null)
  const [error, setError] = useState('')
  const turn = useRef(0)
  const reload = (): void => {
    const mine = ++turn.current
    load(undefined).then(
      (page) => {
        if (mine !== turn.current) return
        setItems(page.data)
        setNext(page.next)
        setError('')
      },
      (failure: unknown) => mine === turn.current && setError(sentenceOf(failure)),
    )
  }
  const more = useAction(async () => {
    const mine = turn.current
    const page = await load(next ?? undefined)
    if (mine !== turn.current) return
    setItems((before = []) => [...before, ...page.data])
    setNext(page.next)
  })
  useEffect(() => {
    setItems(undefined)
    reload()
    return () => void turn.current++
  }, deps)
  return { items, hasMore: next !== null, error: error || more.error, busy: more.busy, more: more.run, reload, change: (to) => setItems((before = []) => to(before)) }
}

/** @param empty what to say, and what to do next, when there is nothing */
export function List<T>({ of, empty, children, live = false }: { of: Listed<T>; empty: ComponentChildren; children: (item: T) => ComponentChildren; live?: boolean }) {
  if (!of.items) return of.error ? html`<${Trouble} text=${of.error} /><p><button type="button" class="plain" onClick=${of.reload}>Try again</button></p>` : html`<${Loading} />`
  return html`
    ${of.items.length === 0 && html`<p class="soft">${empty}</p>`}
    <ul class="list" aria-live=${live ? 'polite' : undefined}>${of.items.map(children)}</ul>
    ${of.error && html`<${Trouble} text=${of.error} />`}
    ${of.hasMore && html`<p><button type="button" class="plain" disabled=${of.busy} onClick=${of.more}>${of.busy ? 'Loading…' : 'Show more'}</button></p>`}
  `
}
