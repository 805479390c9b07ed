//! What a verifier shares with its clones, and a combination with its members.

use std::{
    mem,
    ops::Deref,
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak},
};

use arc_swap::{ArcSwap, Guard};

use super::{
    combining::combine,
    trusted::{Parts, Trusted},
};
use crate::ConfigError;

/// One verifier, however many handles there are.
pub(super) struct Node {
    /// What it was made with. So a verifier that nobody replaces costs its tokens one
    /// look at whether somebody did. It stays where it is, but holds little then.
    first: Arc<Trusted>,
    replaced: OnceLock<ArcSwap<Trusted>>,
    /// Locked by whoever replaces or combines, never for a token.
    links: Mutex<Links>,
}

/// What a node trusts at one moment.
pub(super) enum Current<'n> {
    First(&'n Arc<Trusted>),
    Later(Guard<Arc<Trusted>>),
}

/// Whom a change concerns. Nothing is linked to itself, by whatever way.
struct Links {
    /// Of what it is made; with them goes whatever works for it.
    parts: Parts,
    /// What this is combined of, if it is, and what each of them trusts. They are not
    /// kept alive: what nobody has, nobody replaces.
    members: Vec<(Weak<Node>, Parts)>,
    /// What is combined of this.
    combinations: Vec<Weak<Node>>,
}

impl Node {
    pub(super) fn new(parts: Parts) -> Arc<Self> {
        Self::linked(parts, Vec::new())
    }

    /// One that trusts what all of `members` do, now and later.
    pub(super) fn combined(members: &[Arc<Self>]) -> Result<Arc<Self>, ConfigError> {
        let nodes = in_order(members.to_vec());
        let mut held = Held::lock(&nodes);
        let mut linked = Vec::new();
        for member in members {
            let parts = held.links_of(member).map(|links| links.parts.clone());
            linked.extend(parts.map(|parts| (Arc::downgrade(member), parts)));
        }
        let parts = combine(linked.iter().map(|(_, parts)| parts))?;
        let node = Self::linked(parts, linked);
        for links in &mut held.links {
            links.add_combination(&node);
        }
        Ok(node)
    }

    fn linked(parts: Parts, members: Vec<(Weak<Self>, Parts)>) -> Arc<Self> {
        Arc::new(Self {
            first: Arc::new(Trusted::new(&parts)),
            replaced: OnceLock::new(),
            links: Mutex::new(Links {
                parts,
                members,
                combinations: Vec::new(),
            }),
        })
    }

    /// What it trusts, if nobody ever replaced that.
    #[inline]
    pub(super) fn never_replaced(&self) -> Option<&Arc<Trusted>> {
        match self.replaced.get() {
            None => Some(&self.first),
            Some(_) => None,
        }
    }

    /// What it trusts at this moment.
    #[inline]
    pub(super) fn trusted(&self) -> Current<'_> {
        match self.replaced.get() {
            None => Current::First(&self.first),
            Some(later) => Current::Later(later.load()),
        }
    }

    /// What was trusted before. One at a time does this: whoever holds the links.
    fn trust(&self, new: Trusted) -> Arc<Trusted> {
        let mut new = Some(Arc::new(new));
        let later = self.replaced.get_or_init(|| {
            let new = new.take().unwrap_or_else(|| self.first.clone());
            ArcSwap::new(new)
        });
        match new {
            Some(new) => later.swap(new),
            None => self.first.clone(),
        }
    }

    /// Makes it, and all that is combined of it, trust what `new` does.
    pub(super) fn replace(self: &Arc<Self>, new: &Arc<Self>) -> Result<(), ConfigError> {
        loop {
            let nodes = linked_to([self.clone(), new.clone()]);
            let mut held = Held::lock(&nodes);
            // Others may have been linked to them before they were locked.
            if held.are_all() {
                let old = held.replace(self, new)?;
                drop(held);
                // With it goes what is the application's: not under a lock.
                old.0.iter().for_each(|trusted| trusted.forget());
                drop(old);
                return Ok(());
            }
        }
    }

    fn links(&self) -> MutexGuard<'_, Links> {
        self.links.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Deref for Current<'_> {
    type Target = Arc<Trusted>;

    #[inline]
    fn deref(&self) -> &Arc<Trusted> {
        match self {
            Self::First(trusted) => trusted,
            Self::Later(trusted) => trusted,
        }
    }
}

impl Links {
    fn neighbours(&self) -> impl Iterator<Item = Arc<Node>> {
        let members = self.members.iter().map(|(member, _)| member);
        members.chain(&self.combinations).filter_map(Weak::upgrade)
    }

    fn add_combination(&mut self, node: &Arc<Node>) {
        self.remove_combination(node);
        self.combinations.push(Arc::downgrade(node));
    }

    /// And those that are no more.
    fn remove_combination(&mut self, node: &Arc<Node>) {
        let is_another = |it: &Weak<Node>| it.strong_count() > 0 && !is(it, node);
        self.combinations.retain(is_another);
    }
}

/// All nodes that are linked to these, by whatever way.
fn linked_to(nodes: [Arc<Node>; 2]) -> Vec<Arc<Node>> {
    let mut found = Vec::from(nodes);
    let mut next = 0;
    while let Some(node) = found.get(next) {
        let neighbours: Vec<_> = node.links().neighbours().collect();
        for neighbour in neighbours {
            if !found.iter().any(|it| Arc::ptr_eq(it, &neighbour)) {
                found.push(neighbour);
            }
        }
        next += 1;
    }
    in_order(found)
}

/// In the order in which everybody locks them.
fn in_order(mut nodes: Vec<Arc<Node>>) -> Vec<Arc<Node>> {
    nodes.sort_by_key(Arc::as_ptr);
    nodes.dedup_by(|one, other| Arc::ptr_eq(one, other));
    nodes
}

fn is(link: &Weak<Node>, node: &Arc<Node>) -> bool {
    // No other takes its place in memory as long as there is a link to it.
    link.as_ptr() == Arc::as_ptr(node)
}

/// Nodes whose links are locked.
struct Held<'n> {
    nodes: &'n [Arc<Node>],
    /// In the same order.
    links: Vec<MutexGuard<'n, Links>>,
}

/// What is not trusted any more.
#[derive(Default)]
struct Old(Vec<Arc<Trusted>>, Vec<Parts>);

/// What nodes come to trust.
type Changes = Vec<(Arc<Node>, Parts)>;

impl<'n> Held<'n> {
    fn lock(nodes: &'n [Arc<Node>]) -> Self {
        let links = nodes.iter().map(|node| node.links()).collect();
        Self { nodes, links }
    }

    /// Whether all that is linked to one of them is among them.
    fn are_all(&self) -> bool {
        let mut neighbours = self.links.iter().flat_map(|links| links.neighbours());
        neighbours.all(|it| self.nodes.iter().any(|node| Arc::ptr_eq(node, &it)))
    }

    fn links_of(&mut self, node: &Arc<Node>) -> Option<&mut Links> {
        let place = self.nodes.iter().position(|it| Arc::ptr_eq(it, node))?;
        self.links.get_mut(place).map(|links| &mut **links)
    }

    /// Nothing is changed if it is an error. What was trusted before is left over.
    fn replace(&mut self, node: &Arc<Node>, new: &Arc<Node>) -> Result<Old, ConfigError> {
        let mut old = Old::default();
        let Some(links) = self.links_of(new) else {
            return Ok(old);
        };
        let (parts, members) = (links.parts.clone(), links.members.clone());
        let changes = self.changes(node, parts, &members)?;
        self.relink(node, members, &mut old);
        for links in &mut self.links {
            for (member, parts) in &mut links.members {
                if let Some((_, new)) = changes.iter().find(|(node, _)| is(member, node)) {
                    old.1.push(mem::replace(parts, new.clone()));
                }
            }
        }
        for (node, parts) in changes {
            old.0.push(node.trust(Trusted::new(&parts)));
            let links = self.links_of(&node);
            old.1
                .extend(links.map(|links| mem::replace(&mut links.parts, parts)));
        }
        Ok(old)
    }

    /// What the node and all that is combined of it come to trust.
    fn changes(
        &mut self,
        node: &Arc<Node>,
        parts: Parts,
        members: &[(Weak<Node>, Parts)],
    ) -> Result<Changes, ConfigError> {
        let mut waiting = self.combined_of(node);
        let is_member = |it: &Arc<Node>| members.iter().any(|(member, _)| is(member, it));
        if is_member(node) || waiting.iter().any(is_member) {
            return Err(ConfigError::new(
                "a verifier cannot be replaced by a combination that it is part of: combine \
                 others",
            ));
        }
        let mut changes = vec![(node.clone(), parts)];
        // Each after its members.
        while let Some(place) = waiting.iter().position(|it| !self.has_member(it, &waiting)) {
            let combination = waiting.remove(place);
            let links = self.links_of(&combination);
            let members = links.into_iter().flat_map(|links| &links.members);
            let parts = combine(members.map(|(member, parts)| {
                let change = changes.iter().find(|(node, _)| is(member, node));
                change.map_or(parts, |(_, new)| new)
            }))?;
            changes.push((combination, parts));
        }
        Ok(changes)
    }

    /// All that is combined of a node, and of what is.
    fn combined_of(&mut self, node: &Arc<Node>) -> Vec<Arc<Node>> {
        let mut found = vec![node.clone()];
        let mut next = 0;
        while let Some(node) = found.get(next).cloned() {
            let links = self.links_of(&node);
            let combinations = links.into_iter().flat_map(|links| &links.combinations);
            let combinations: Vec<_> = combinations.filter_map(Weak::upgrade).collect();
            for combination in combinations {
                if !found.iter().any(|it| Arc::ptr_eq(it, &combination)) {
                    found.push(combination);
                }
            }
            next += 1;
        }
        found.remove(0);
        found
    }

    fn has_member(&self, node: &Arc<Node>, among: &[Arc<Node>]) -> bool {
        let place = self.nodes.iter().position(|it| Arc::ptr_eq(it, node));
        let links = place.and_then(|place| self.links.get(place));
        links.is_some_and(|links| {
            let mut members = links.members.iter();
            members.any(|(member, _)| among.iter().any(|it| is(member, it)))
        })
    }

    /// Makes a node one that is combined of these, if any.
    fn relink(&mut self, node: &Arc<Node>, members: Vec<(Weak<Node>, Parts)>, old: &mut Old) {
        for (own, links) in self.nodes.iter().zip(&mut self.links) {
            links.remove_combination(node);
            if members.iter().any(|(member, _)| is(member, own)) {
                links.add_combination(node);
            }
        }
        if let Some(links) = self.links_of(node) {
            let members = mem::replace(&mut links.members, members);
            old.1.extend(members.into_iter().map(|(_, parts)| parts));
        }
    }
}
