import { html } from 'htm/preact'
import { useState } from 'preact/hooks'
import { categories, type Category, type OwnCreator } from '../../features/profiles/contract.ts'
import type { FilterAction, ModerationMode, TipSettings } from '../../features/tips/contract.ts'
import { type Currency, inMajorUnits } from '../../kernel/currency.ts'
import { parseMoney } from '../format.ts'
import type { ViewProps } from '../kit/page.ts'
import { Choice, Show, Trouble, useAction, useLoaded, valuesOf } from '../kit/parts.ts'
import { Said } from '../kit/words.ts'

const modes: [ModerationMode, string][] = [
  ['auto', 'show everything'],
  ['filter', 'apply the filter below'],
  ['manual', 'I allow each one by hand'],
]
const actions: [FilterAction, string][] = [
  ['mask', 'mask the word'],
  ['hide-text', 'hide the whole text'],
  ['drop', 'play no alert'],
]

export function SettingsView(props: ViewProps) {
  return html`<${Profile} ...${props} /><${TipRules} ...${props} />`
}

function Profile({ client }: ViewProps) {
  const profile = useLoaded(() => client.call('creator:me', {}), [])
  const [saved, setSaved] = useState('')
  const save = useAction(async ({ full_name = '', handle = '', bio = '', avatar_url = '', tags = '', category = '', shows_earnings = '' }: Record<string, string>) => {
    const list = tags.split(/[\s,]+/).filter((tag) => tag !== '')
    profile.set(await client.call('creator:update', { full_name, handle, bio, avatar_url: avatar_url || null, tags: list, category: (category || null) as Category | null, shows_earnings: shows_earnings === 'on' }))
    setSaved('Saved.')
  })
  return html`
    <section class="card" aria-labelledby="profile-title">
      <h1 id="profile-title">Your page</h1>
      <${Show} of=${profile}>${(own: OwnCreator) => html`
        <p class="soft">Your page is <a href=${`/@${own.handle}`}>${location.host}/@${own.handle}</a>: share it, one can tip there without an account.</p>
        <p class="soft">${own.followers} ${own.followers === 1 ? 'person follows' : 'people follow'} you.</p>
        <form onSubmit=${(event: Event) => save.run(valuesOf(event))} onInput=${() => setSaved('')}>
          <label>Name <input name="full_name" required maxlength="100" defaultValue=${own.full_name} /></label>
          <label>Handle <input name="handle" required pattern="[a-z0-9_]{3,30}" title="3 to 30 small letters, digits or underscores" defaultValue=${own.handle} autocapitalize="off" /></label>
          <label>About you <textarea name="bio" rows="3" maxlength="1000" defaultValue=${own.bio}></textarea></label>
          <label>Picture, an https address <input name="avatar_url" type="url" pattern="https://.*" maxlength="2048" defaultValue=${own.avatar ?? ''} /></label>
          <label>What you do <${Choice} name="category" chosen=${own.category ?? ''} options=${[['', 'not said'], ...categories.map((each) => [each, each])]} /></label>
          <label>Tags, up to ten <input name="tags" maxlength="260" defaultValue=${own.tags.join(' ')} placeholder="music live-coding" /></label>
          <label class="check"><input type="checkbox" name="shows_earnings" defaultChecked=${own.shows_earnings} /> Show what I earn on my page</label>
          ${save.error && html`<${Trouble} text=${save.error} />`}
          <p class="good" role="status">${saved}</p>
          <button class="plain" disabled=${save.busy}>Save</button>
        </form>`}<//>
    </section>
  `
}

function TipRules({ client }: ViewProps) {
  const settings = useLoaded(() => client.call('tip-settings:read', {}), [])
  const [saved, setSaved] = useState('')
  const save = useAction(async (values: Record<string, string>) => {
    const currency = settings.value?.currency ?? 'ZMW'
    const min_amount = parseMoney(values['min'] ?? '', currency as Currency)
    const max_amount = parseMoney(values['max'] ?? '', currency as Currency)
    if (min_amount === undefined || max_amount === undefined) throw new Said('Please type amounts like 5 or 5.50.')
    const words = (values['words'] ?? '').split('\n').map((word) => word.trim()).filter((word) => word !== '')
    settings.set(
      await client.call('tip-settings:update', {
        min_amount,
        max_amount,
        currency,
        moderation: values['moderation'] as ModerationMode,
        filter: { words, action: values['action'] as FilterAction, hide_links: values['hide_links'] === 'on' },
        guests: values['guests'] === 'on',
      }),
    )
    setSaved('Saved.')
  })
  return html`
    <section class="card" aria-labelledby="rules-title">
      <h2 id="rules-title">Tips and their messages</h2>
      <${Show} of=${settings}>${({ min_amount, max_amount, currency, moderation, filter, guests }: TipSettings) => html`
        <form onSubmit=${(event: Event) => save.run(valuesOf(event))} onInput=${() => setSaved('')}>
          <div class="fields">
            <label>Smallest tip in ${currency} <input name="min" inputmode="decimal" required defaultValue=${inMajorUnits(min_amount, currency)} /></label>
            <label>Largest tip in ${currency} <input name="max" inputmode="decimal" required defaultValue=${inMajorUnits(max_amount, currency)} /></label>
          </div>
          <label class="check"><input type="checkbox" name="guests" defaultChecked=${guests} /> Take tips from people without an account</label>
          <label>Before an alert plays <${Choice} name="moderation" chosen=${moderation} options=${modes} /></label>
          <label>Words to keep off the stream, one a line <textarea name="words" rows="4" maxlength="8000" defaultValue=${filter.words.join('\n')}></textarea></label>
          <label>When one is found <${Choice} name="action" chosen=${filter.action} options=${actions} /></label>
          <label class="check"><input type="checkbox" name="hide_links" defaultChecked=${filter.hide_links} /> Hide texts with links</label>
          <p class="soft">The money reaches you in every case.</p>
          ${save.error && html`<${Trouble} text=${save.error} />`}
          <p class="good" role="status">${saved}</p>
          <button class="plain" disabled=${save.busy}>Save</button>
        </form>`}<//>
    </section>
  `
}
