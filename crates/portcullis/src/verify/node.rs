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
    /// What this is combined of, if it is. They are kept alive, whoever else has them:
    /// a member that is a combination itself changes with what it is combined of.
    members: Vec<Arc<Node>>,
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
        let parts = held.combine(members, &Vec::new())?;
        let node = Self::linked(parts, members.to_vec());
        for links in &mut held.links {
            links.add_combination(&node);
        }
        Ok(node)
    }

    fn linked(parts: Parts, members: Vec<Arc<Self>>) -> Arc<Self> {
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
        let combinations = self.combinations.iter().filter_map(Weak::upgrade);
        self.members.iter().cloned().chain(combinations)
    }

    fn live_combinations(&self) -> impl Iterator<Item = &Weak<Node>> {
        let combinations = self.combinations.iter();
        combinations.filter(|it| it.strong_count() > 0)
    }

    fn add_combination(&mut self, node: &Arc<Node>) {
        self.remove_combination(node);
        self.combinations.push(Arc::downgrade(node));
    }

    /// And those that are no more.
    fn remove_combination(&mut self, node: &Arc<Node>) {
        self.combinations
            .retain(|it| it.strong_count() > 0 && !is(it, node));
    }
}

/// All nodes that are linked to these, by whatever way.
fn linked_to(nodes: [Arc<Node>; 2]) -> Vec<Arc<Node>> {
    let mut found = Vec::from(nodes);
    let mut next = 0;
    while let Some(node) = found.get(next) {
        let neighbours: Vec<_> = node.links().neighbours().collect();
        for neighbour in neighbours {
            if !is_among(&found, &neighbour) {
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

fn is_among(nodes: &[Arc<Node>], node: &Arc<Node>) -> bool {
    nodes.iter().any(|it| Arc::ptr_eq(it, node))
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
        let is_held = |it: &Weak<Node>| self.nodes.iter().any(|node| is(it, node));
        // Nobody is kept alive for it, who would then end under these locks.
        self.links.iter().all(|links| {
            links.members.iter().all(|it| is_among(self.nodes, it))
                && links.live_combinations().all(is_held)
        })
    }

    fn place_of(&self, node: &Arc<Node>) -> Option<usize> {
        self.nodes.iter().position(|it| Arc::ptr_eq(it, node))
    }

    fn links_of(&self, node: &Arc<Node>) -> Option<&Links> {
        self.links.get(self.place_of(node)?).map(|links| &**links)
    }

    fn links_of_mut(&mut self, node: &Arc<Node>) -> Option<&mut Links> {
        let place = self.place_of(node)?;
        self.links.get_mut(place).map(|links| &mut **links)
    }

    /// What is combined of these, once they are changed.
    fn combine(&self, members: &[Arc<Node>], changes: &Changes) -> Result<Parts, ConfigError> {
        combine(members.iter().filter_map(|member| {
            let change = changes.iter().find(|(node, _)| Arc::ptr_eq(member, node));
            let new = change.map(|(_, parts)| parts);
            new.or_else(|| self.links_of(member).map(|links| &links.parts))
        }))
    }

    /// Nothing is changed if it is an error. What was trusted before is left over.
    fn replace(&mut self, node: &Arc<Node>, new: &Arc<Node>) -> Result<Old, ConfigError> {
        let mut old = Old::default();
        let Some(links) = self.links_of(new) else {
            return Ok(old);
        };
        let (parts, members) = (links.parts.clone(), links.members.clone());
        let changes = self.changes(node, parts, &members)?;
        self.relink(node, members);
        for (node, parts) in changes {
            old.0.push(node.trust(Trusted::new(&parts)));
            let links = self.links_of_mut(&node);
            old.1
                .extend(links.map(|links| mem::replace(&mut links.parts, parts)));
        }
        Ok(old)
    }

    /// What the node and all that is combined of it come to trust.
    fn changes(
        &self,
        node: &Arc<Node>,
        parts: Parts,
        members: &[Arc<Node>],
    ) -> Result<Changes, ConfigError> {
        let mut waiting = self.combined_of(node);
        if is_among(members, node) || waiting.iter().any(|it| is_among(members, it)) {
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
            let members = links.map(|links| &*links.members).unwrap_or_default();
            let parts = self.combine(members, &changes)?;
            changes.push((combination, parts));
        }
        Ok(changes)
    }

    /// All that is combined of a node, and of what is.
    fn combined_of(&self, node: &Arc<Node>) -> Vec<Arc<Node>> {
        let mut found = vec![node.clone()];
        let mut next = 0;
        while let Some(links) = found.get(next).map(|node| self.links_of(node)) {
            let combinations = links.into_iter().flat_map(|links| &links.combinations);
            for combination in combinations.filter_map(Weak::upgrade) {
                if !is_among(&found, &combination) {
                    found.push(combination);
                }
            }
            next += 1;
        }
        found.remove(0);
        found
    }

    fn has_member(&self, node: &Arc<Node>, among: &[Arc<Node>]) -> bool {
        let links = self.links_of(node);
        links.is_some_and(|links| links.members.iter().any(|it| is_among(among, it)))
    }

    /// Makes a node one that is combined of these, if any.
    fn relink(&mut self, node: &Arc<Node>, members: Vec<Arc<Node>>) {
        for (own, links) in self.nodes.iter().zip(&mut self.links) {
            links.remove_combination(node);
            if is_among(&members, own) {
                links.add_combination(node);
            }
        }
        if let Some(links) = self.links_of_mut(node) {
            // Those that it was combined of are among the nodes: none ends here.
            links.members = members;
        }
    }
}
