//! Which rules there are, what may go wrong, and how far it is looked.

use std::time::Duration;

use portcullis::session::{ReplayPolicy, RotationRules};

use crate::row::TICK;

/// The grace window of the settings that have one, in ticks.
pub const WINDOW: i8 = 2;

/// How far a clock jumps, in ticks: further than any window.
pub const JUMP: i8 = 3;

/// Rules of rotation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Setting {
    /// A grace window.
    Grace,
    /// None.
    NoGrace,
    /// A grace window, and one late retry.
    UntilUsed,
    /// A grace window for the device that rotated.
    SameDevice,
}

impl Setting {
    /// All of them.
    pub const ALL: [Self; 4] = [
        Self::Grace,
        Self::NoGrace,
        Self::UntilUsed,
        Self::SameDevice,
    ];

    /// What it is called on the page.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Grace => "A grace window",
            Self::NoGrace => "No grace window",
            Self::UntilUsed => "A grace window and `until_used`",
            Self::SameDevice => "A grace window for the same device",
        }
    }

    /// The rules.
    pub fn rules(self) -> RotationRules {
        let window = TICK * u32::from(self.window().unsigned_abs());
        let mut rules = RotationRules::with_grace(window);
        rules.until_used = self == Self::UntilUsed;
        if self == Self::SameDevice {
            rules.replay = ReplayPolicy::SameDevice;
        }
        rules
    }

    /// The grace window in ticks.
    pub const fn window(self) -> i8 {
        match self {
            Self::NoGrace => 0,
            _ => WINDOW,
        }
    }

    /// How many ticks an attempt may be on its way.
    pub fn limit(self) -> i8 {
        let limit: Duration = self.rules().attempt_limit();
        i8::try_from(limit.as_secs()).unwrap_or(i8::MAX)
    }
}

/// What may go wrong, each by itself. Whatever it is, what is asked in time is answered in
/// time, unless it says otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Fault {
    /// Nothing: one node, everything arrives in its order.
    None,
    /// Attempts and answers are lost; nodes and clients ask again.
    Lost,
    /// As that, and an answer stays lost for longer than the window.
    Silence,
    /// Attempts arrive twice.
    Duplicated,
    /// Attempts arrive at the store long after their deadline.
    Delayed,
    /// Requests arrive at a node long after they were sent.
    Held,
    /// Messages overtake each other.
    Reordered,
    /// Two nodes at once, with keys of their own; what one knows of the store's time is
    /// of a tick ago.
    TwoNodes,
    /// Messages are lost, duplicated, delayed and reordered.
    Storm,
    /// The store falls back to a row of before, once.
    LostWrites,
    /// The store's clock jumps forward, once.
    Forward,
    /// The store's clock jumps back, once.
    Back,
}

impl Fault {
    /// All of them.
    pub const ALL: [Self; 12] = [
        Self::None,
        Self::Lost,
        Self::Silence,
        Self::Duplicated,
        Self::Delayed,
        Self::Held,
        Self::Reordered,
        Self::TwoNodes,
        Self::Storm,
        Self::LostWrites,
        Self::Forward,
        Self::Back,
    ];

    /// What it is called on the page.
    pub const fn title(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Lost => "lost",
            Self::Silence => "lost for long",
            Self::Duplicated => "twice",
            Self::Delayed => "late at the store",
            Self::Held => "late at the node",
            Self::Reordered => "reordered",
            Self::TwoNodes => "two nodes",
            Self::Storm => "storm",
            Self::LostWrites => "lost writes",
            Self::Forward => "clock forward",
            Self::Back => "clock back",
        }
    }

    /// Whether messages may overtake each other.
    pub const fn reorders(self) -> bool {
        matches!(
            self,
            Self::Reordered | Self::TwoNodes | Self::Delayed | Self::Held | Self::Storm
        )
    }

    /// How many nodes there are.
    pub const fn nodes(self) -> u8 {
        match self {
            Self::TwoNodes => 2,
            _ => 1,
        }
    }

    /// Whether an attempt may be on its way to the store for any time.
    pub const fn delays(self) -> bool {
        matches!(self, Self::Delayed | Self::Storm)
    }
}

/// Who takes part.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Cast {
    /// One client that refreshes.
    Client,
    /// Two tabs of a browser, with one place for the token, that know nothing of each
    /// other.
    Tabs,
    /// One client, and a thief who takes its token once.
    Theft,
}

impl Cast {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Client, Self::Tabs, Self::Theft];
}

/// How far it is looked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// The last tick.
    pub ticks: u8,
    /// How many attempts are made.
    pub attempts: u8,
    /// How many messages are on their way at once.
    pub wire: usize,
    /// How often each fault strikes that can strike often.
    pub faults: u8,
}

impl Bounds {
    /// The bounds for a fault: where messages only overtake each other there is room for
    /// one attempt more, and it takes that to log out a single client.
    #[must_use]
    pub const fn of(mut self, fault: Fault) -> Self {
        if matches!(fault, Fault::Reordered) {
            self.ticks += 1;
            self.attempts += 1;
        }
        self
    }

    /// What a test takes the time for.
    pub const TEST: Self = Self {
        ticks: 5,
        attempts: 3,
        wire: 2,
        faults: 1,
    };

    /// What a person takes the time for.
    pub const WIDE: Self = Self {
        ticks: 6,
        attempts: 4,
        wire: 2,
        faults: 1,
    };
}
