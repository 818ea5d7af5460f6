import { html } from 'htm/preact'
import { useEffect, useState } from 'preact/hooks'
import type { Client } from '../../client/index.ts'
import type { Creator } from '../../features/profiles/contract.ts'
import { Trouble } from './parts.ts'
import { sentenceOf } from './words.ts'

const typingMs = 200

/** Finds creators while one types. */
export function FindCreator({ client, chosen, onChoose }: { client: Client; chosen: Creator | undefined; onChoose: (creator: Creator) => void }) {
  const [term, setTerm] = useState('')
  const [found, setFound] = useState<Creator[] | undefined>()
  const [error, setError] = useState('')

  useEffect(() => {
    let stale = false
    const timer = setTimeout(() => {
      client.call('creator:search', { q: term, limit: 8 }).then(
        ({ data }) => {
          if (stale) return
          setFound(data)
          setError('')
        },
        (failure: unknown) => !stale && setError(sentenceOf(failure)),
      )
    }, typingMs)
    return () => {
      stale = true
      clearTimeout(timer)
    }
  }, [term])

  return html`
    <section class="card" aria-labelledby="find-title">
      <h2 id="find-title">Find a creator</h2>
      <label>Name <input type="search" value=${term} maxlength="100" placeholder="Begin to type a name" onInput=${(event: InputEvent) => setTerm((event.currentTarget as HTMLInputElement).value)} /></label>
      ${error && html`<${Trouble} text=${error} />`}
      <div aria-live="polite">
        ${!found && !error && html`<p class="soft">Looking…</p>`}
        ${found?.length === 0 && html`<p class="soft">${term ? 'Nobody’s name begins like that.' : 'There are no creators yet. Sign up as one to be the first.'}</p>`}
      </div>
      ${found && found.length > 0 && html`
        <ul class="list">
          ${found.map((creator) => html`
            <li key=${creator.id}>
              <span><strong>${creator.name}</strong>${creator.bio && html`<br /><span class="soft">${creator.bio}</span>`}</span>
              <button type="button" class="plain" aria-pressed=${chosen?.id === creator.id} onClick=${() => onChoose(creator)}>Tip ${creator.name}</button>
            </li>`)}
        </ul>`}
    </section>
  `
}
