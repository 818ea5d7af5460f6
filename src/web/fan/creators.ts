import { html } from 'htm/preact'
import { useEffect, useState } from 'preact/hooks'
import type { Creator, CreatorOrder, FollowState } from '../../features/profiles/contract.ts'
import { List, useList } from '../kit/list.ts'
import type { ViewProps } from '../kit/page.ts'
import { hrefOf } from '../kit/route.ts'
import { Avatar, FollowButton } from './parts.ts'

const typingMs = 200
const orders: [CreatorOrder, string][] = [
  ['trending', 'Trending'],
  ['followers', 'Most followed'],
  ['name', 'By name'],
]

/** Finds creators while one types, by name, handle or tag. */
export function CreatorsView({ client, user, rest: [tag = ''] }: ViewProps) {
  const [typed, setTyped] = useState('')
  const [term, setTerm] = useState('')
  const [sort, setSort] = useState<CreatorOrder>('trending')
  useEffect(() => {
    const timer = setTimeout(() => setTerm(typed.trim()), typingMs)
    return () => clearTimeout(timer)
  }, [typed])
  const found = useList(
    (cursor) => client.call('creator:search', { sort, limit: 20, ...(term ? { q: term } : {}), ...(tag ? { tag } : {}), ...(cursor ? { cursor } : {}) }),
    [term, tag, sort],
  )
  const nobody = term || tag ? 'Nobody was found. Try fewer letters.' : 'There are no creators yet. Sign up as one to be the first.'

  return html`
    <section class="card wide" aria-labelledby="find-title">
      <h1 id="find-title">Find a creator</h1>
      <div class="fields" role="search">
        <label>Name or handle <input type="search" value=${typed} maxlength="100" placeholder="Begin to type" onInput=${(event: InputEvent) => setTyped((event.currentTarget as HTMLInputElement).value)} /></label>
        <label>Order <select value=${sort} onChange=${(event: Event) => setSort((event.currentTarget as HTMLSelectElement).value as CreatorOrder)}>${orders.map(([value, name]) => html`<option key=${value} value=${value}>${name}</option>`)}</select></label>
      </div>
      ${tag && html`<p>Tagged <span class="chip on">${tag}</span> <a href=${hrefOf('creators')}>Show all</a></p>`}
      <${List} of=${found} empty=${nobody}>${(creator: Creator) => html`
        <li key=${creator.id}>
          <span class="person"><${Avatar} creator=${creator} />
            <span><a href=${hrefOf('creator', `@${creator.handle}`)}><strong>${creator.name}</strong></a> <span class="soft">@${creator.handle}</span>
              ${creator.bio && html`<br /><span class="soft clip">${creator.bio}</span>`}
              ${creator.tags.length > 0 && html`<br />${creator.tags.map((each) => html`<a key=${each} class="chip" href=${hrefOf('creators', each)}>${each}</a> `)}`}
            </span>
          </span>
          <span class="row"><span class="soft">${creator.followers} ${creator.followers === 1 ? 'follower' : 'followers'}</span>${creator.id !== user.id && html`<${FollowButton} client=${client} creator=${creator} onChange=${(state: FollowState) => found.change((all) => all.map((each) => (each.id === creator.id ? { ...each, ...state } : each)))} />`}</span>
        </li>`}<//>
    </section>
  `
}
