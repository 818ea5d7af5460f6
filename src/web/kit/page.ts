import { html } from 'htm/preact'
import type { VNode } from 'preact'
import { useEffect, useRef, useState } from 'preact/hooks'
import type { Client } from '../../client/index.ts'
import type { User } from '../../features/accounts/contract.ts'
import { mount } from '../mount.ts'
import { Notices } from './notices.ts'
import { Loading, Trouble } from './parts.ts'
import { TestClock } from './test-clock.ts'
import { hrefOf, useRoute } from './route.ts'
import { type Session, useSession } from './session.ts'

export interface ViewProps {
  client: Client
  user: User
  /** what stands in the address behind the section's own piece */
  rest: string[]
}

/** One view of a page, under `#/<path>`; the first is the one that opens. */
export interface Section {
  path: string
  /** in the navigation; without one it is reached by links only */
  name?: string
  view: (props: ViewProps) => VNode | null
}

interface PageOptions {
  title: string
  /** whom the page is for; everybody who is signed in without it */
  role?: User['role']
  sections: readonly Section[]
}

/** A whole page: who is signed in, where one can go, and the view that the address names. */
export function startPage(options: PageOptions): void {
  mount(html`<${Page} ...${options} />`)
}

function Page({ title, role, sections }: PageOptions) {
  const session = useSession()
  const [piece = sections[0]?.path ?? '', ...rest] = useRoute()
  const section = sections.find((each) => each.path === piece)
  const main = useRef<HTMLElement>(null)
  const opened = useRef(false)
  useEffect(() => {
    document.title = `${section?.name ?? title} · Ovation`
    // A view that was gone to is where reading goes on; the first one opens like any page.
    if (opened.current) main.current?.focus()
    opened.current = true
  }, [piece, rest.join('/')])

  return html`
    <a class="skip" href="#main" onClick=${(event: Event) => {
      event.preventDefault()
      main.current?.focus()
    }}>Skip to the content</a>
    <${Header} session=${session} sections=${sections} current=${piece} title=${title} />
    ${session.user && sections.some((each) => each.path === 'chat') && html`<${Notices} client=${session.client} user=${session.user} open=${piece === 'chat' ? rest[0] : undefined} />`}
    <main id="main" tabindex="-1" ref=${main}>${viewOf()}</main>
  `

  function viewOf() {
    const { user, client, error, reload } = session
    if (error) return html`<section class="card"><h1>Not reached</h1><${Trouble} text=${error} /><button type="button" onClick=${reload}>Try again</button></section>`
    if (user === undefined) return html`<${Loading} />`
    if (user === null) return html`<${SignInFirst} title=${title} />`
    if (role && user.role !== role) return html`<${NotFor} role=${role} />`
    if (!section) return html`<section class="card"><h1>Nothing here</h1><p>This address names no view. <a href=${hrefOf()}>Go to the beginning</a>.</p></section>`
    return html`<${section.view} client=${client} user=${user} rest=${rest} />`
  }
}

export function Header({ session: { user, state, client, signOut }, sections, current, title }: { session: Session; sections: readonly Section[]; current: string; title: string }) {
  return html`
    <header>
      <a class="brand" href="/">Ovation</a>
      <${TestClock} client=${client} />
      ${user && html`
        <nav aria-label="Pages" class="pages">${pagesOf(user).map(([name, href]) => html`<a key=${href} href=${href} aria-current=${location.pathname === href ? 'page' : undefined}>${name}</a>`)}</nav>
        <span class="who">${user.full_name} · ${user.role}</span><button type="button" class="plain" onClick=${signOut}>Sign out</button>`}
    </header>
    ${user && sections.length > 1 && html`
      <nav aria-label=${title} class="sections">${sections.filter((each) => each.name).map((each) => html`<a key=${each.path} href=${hrefOf(each.path)} aria-current=${each.path === current ? 'page' : undefined}>${each.name}</a>`)}</nav>`}
    <${Offline} away=${Boolean(user) && state !== 'online'} />
  `
}

// A connection that is made anew takes a moment every time; only a longer absence is worth a word.
const patienceMs = 1_500

function Offline({ away }: { away: boolean }) {
  const [shown, setShown] = useState(false)
  useEffect(() => {
    const timer = away ? setTimeout(() => setShown(true), patienceMs) : undefined
    if (!away) setShown(false)
    return () => clearTimeout(timer)
  }, [away])
  return html`<div role="status">${shown && html`<p class="banner">${navigator.onLine ? 'Reconnecting…' : 'You are offline.'} What you see may be a moment old; it catches up by itself.</p>`}</div>`
}

function SignInFirst({ title }: { title: string }) {
  const next = encodeURIComponent(`${location.pathname}${location.hash}`)
  return html`<section class="card"><h1>${title}</h1><p>Sign in to go on. You come back here afterwards.</p><p><a class="button" href=${`/?next=${next}`}>Sign in or sign up</a></p></section>`
}

function NotFor({ role }: { role: User['role'] }) {
  return html`<section class="card"><h1>This page is for ${role === 'admin' ? 'admins' : `${role}s`}</h1><p>You are signed in as somebody else. <a href="/">Go to your own page</a>, or sign out and in again.</p></section>`
}

function pagesOf(user: User): [string, string][] {
  const own: [string, string][] = user.role === 'creator' ? [['Studio', '/studio/']] : user.role === 'admin' ? [['Admin', '/admin/']] : []
  return [['Creators', '/fan/'], ...own, ['Docs', '/docs/realtime']]
}
