import { html } from 'htm/preact'
import { useEffect, useState } from 'preact/hooks'
import { categories, type Category, type Creator, type CreatorOrder, type FollowState, type SuggestedCreator, type SuggestionReason } from '../../features/profiles/contract.ts'
import { List, useList } from '../kit/list.ts'
import type { ViewProps } from '../kit/page.ts'
import { Show, useLoaded } from '../kit/parts.ts'
import { hrefOf } from '../kit/route.ts'
import { Avatar, FollowButton } from './parts.ts'

const typingMs = 200
const shownSuggestions = 5
const orders: [CreatorOrder, string][] = [
  ['trending', 'Trending'],
  ['followers', 'Most followed'],
  ['name', 'By name'],
]

/** Finds creators while one types, by name, handle or tag. */
export function CreatorsView({ client, user, rest: [tag = ''] }: ViewProps) {
  const [typed, setTyped] = useState('')
  const [term, setTerm] = useState('')
  const [category, setCategory] = useState<Category | ''>('')
  const [sort, setSort] = useState<CreatorOrder>('trending')
  useEffect(() => {
    const timer = setTimeout(() => setTerm(typed.trim()), typingMs)
    return () => clearTimeout(timer)
  }, [typed])
  const found = useList(
    (cursor) => client.call('creator:search', { sort, limit: 20, ...(term ? { q: term } : {}), ...(tag ? { tag } : {}), ...(category ? { category } : {}), ...(cursor ? { cursor } : {}) }),
    [term, tag, category, sort],
  )
  const nobody = term || tag || category ? 'Nobody was found. Ask for less.' : 'There are no creators yet. Sign up as one to be the first.'

  return html`
    <section class="card wide" aria-labelledby="find-title">
      <h1 id="find-title">Find a creator</h1>
      <div class="fields" role="search">
        <label>Name or handle <input type="search" value=${typed} maxlength="100" placeholder="Begin to type" onInput=${(event: InputEvent) => setTyped((event.currentTarget as HTMLInputElement).value)} /></label>
        <label>What they do <select value=${category} onChange=${(event: Event) => setCategory((event.currentTarget as HTMLSelectElement).value as Category | '')}><option value="">anything</option>${categories.map((each) => html`<option key=${each} value=${each}>${each}</option>`)}</select></label>
        <label>Order <select value=${sort} onChange=${(event: Event) => setSort((event.currentTarget as HTMLSelectElement).value as CreatorOrder)}>${orders.map(([value, name]) => html`<option key=${value} value=${value}>${name}</option>`)}</select></label>
      </div>
      ${tag && html`<p>Tagged <span class="chip on">${tag}</span> <a href=${hrefOf('creators')}>Show all</a></p>`}
      <${List} of=${found} empty=${nobody}>${(creator: Creator) => html`<${Line} key=${creator.id} client=${client} creator=${creator} mine=${creator.id === user.id} onChange=${(state: FollowState) => found.change((all) => all.map((each) => (each.id === creator.id ? { ...each, ...state } : each)))} />`}<//>
    </section>
    ${!term && !tag && !category && html`<${Suggested} client=${client} />`}
  `
}

const reasons: Record<Exclude<SuggestionReason, 'trending'>, string> = {
  'followed-together': 'followed by people who follow the same creators as you',
  alike: 'like creators whom you follow',
}

/** Whom to follow next, and why; nothing while there is nobody. Who only trends stands in the list above. */
function Suggested({ client }: Pick<ViewProps, 'client'>) {
  const found = useLoaded(async () => (await client.call('creator:suggested', { limit: shownSuggestions })).data.filter(hasReason), [])
  if (found.value?.length === 0) return null
  return html`
    <section class="card wide" aria-labelledby="suggested-title">
      <h2 id="suggested-title">You may like</h2>
      <${Show} of=${found}>${(data: Reasoned[]) => html`
        <ul class="list">${data.map((creator) => html`<${Line} key=${creator.id} client=${client} creator=${creator} note=${reasons[creator.why]} mine=${false}
          onChange=${(state: FollowState) => found.set(data.map((each) => (each.id === creator.id ? { ...each, ...state } : each)))} />`)}</ul>`}<//>
    </section>
  `
}

type Reasoned = SuggestedCreator & { why: keyof typeof reasons }

function hasReason(creator: SuggestedCreator): creator is Reasoned {
  return creator.why !== 'trending'
}

interface LineProps {
  client: ViewProps['client']
  creator: Creator
  /** nobody follows oneself */
  mine: boolean
  note?: string
  onChange: (state: FollowState) => void
}

function Line({ client, creator, mine, note, onChange }: LineProps) {
  return html`
    <li>
      <span class="person"><${Avatar} creator=${creator} />
        <span><a href=${hrefOf('creator', `@${creator.handle}`)}><strong>${creator.name}</strong></a> <span class="soft">@${creator.handle}</span> ${creator.category && html`<span class="chip">${creator.category}</span>`}
          ${note && html`<br /><span class="soft">${note}</span>`}
          ${creator.bio && html`<br /><span class="soft clip">${creator.bio}</span>`}
          ${creator.tags.length > 0 && html`<br />${creator.tags.map((each) => html`<a key=${each} class="chip" href=${hrefOf('creators', each)}>${each}</a> `)}`}
        </span>
      </span>
      <span class="row"><span class="soft">${creator.followers} ${creator.followers === 1 ? 'follower' : 'followers'}</span>${!mine && html`<${FollowButton} client=${client} creator=${creator} onChange=${onChange} />`}</span>
    </li>
  `
}
