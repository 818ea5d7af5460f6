import { html } from 'htm/preact'
import type { ComponentChildren } from 'preact'
import type { Creator } from '../../features/profiles/contract.ts'
import { Money } from '../kit/parts.ts'
import { hrefOf } from '../kit/route.ts'
import { Avatar } from './parts.ts'

/** Who a creator is, with what one can do about it beside the name. */
export function About({ creator, children }: { creator: Creator; children?: ComponentChildren }) {
  return html`
    <section class="card wide" aria-labelledby="creator-title">
      <div class="row spread">
        <span class="person"><${Avatar} creator=${creator} /><span><h1 id="creator-title">${creator.name}</h1><span class="soft">@${creator.handle}</span></span></span>
        ${children}
      </div>
      ${creator.bio && html`<p class="text">${creator.bio}</p>`}
      <p class="row">${creator.category && html`<span class="chip">${creator.category}</span>`}${creator.tags.map((tag) => html`<a key=${tag} class="chip" href=${`/fan/${hrefOf('creators', tag)}`}>${tag}</a>`)}
        <span class="soft">${creator.followers} ${creator.followers === 1 ? 'follower' : 'followers'}</span>
        ${creator.earnings !== null && html`<span class="soft">earned <${Money} amount=${creator.earnings} currency="ZMW" /></span>`}</p>
    </section>
  `
}
