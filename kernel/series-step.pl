#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0
#
# series-step.pl SERIES FILES STOCK FINAL VERSION STEP OUT
#
# Writes into OUT the files that differ from STOCK, the unpatched tree, after one patch
# of the series.  FINAL is the tree after the last one, made of FILES (kernel/files) and
# the hooks for the kernel VERSION.  A file of SERIES (kernel/series) for each patch, in
# the order of their names, says below a line "---" what the patch brings:
#
#   file PATH             a new file
#   def PATH NAME...      what defines or declares NAME in it at top level, with its
#                         comment, if another patch than that of the file brings it
#   text PATH REGEX       the text that matches, a Perl regular expression over lines
#   cftype PATH NAME...   the control file NAME in a table of them
#   hook PATH [REGEX]     the changes of a file that is not new, or those of them that
#                         match: lines with "+" or "-" before them
#   hook-VERSION PATH [REGEX]   the same if that is the kernel
#
# A rule that matches nothing is an error, so that a table does not go stale.
use strict;
use warnings;

my ($series, $files, $stock, $final, $version, $step, $out) = @ARGV;
die "usage: series-step.pl SERIES FILES STOCK FINAL VERSION STEP OUT\n" unless defined $out;

sub slurp
{
	my ($path) = @_;
	open(my $in, '<', $path) or die "$path: $!\n";
	local $/;
	return scalar <$in>;
}

# The tables: which patch brings which file, and what else of files.
my (%home, @rules);
my @patches = sort map { s,.*/,,r } glob("$series/[0-9]*");
my %index = map { $patches[$_] => $_ } 0 .. $#patches;
die "no patch $step\n" unless exists $index{$step};
my $now = $index{$step};
for my $patch (@patches) {
	my (undef, $table) = split /^---\n/m, slurp("$series/$patch"), 2;
	for my $line (split /\n/, $table // '') {
		next if $line =~ /^(#|\s*$)/;
		my ($kind, $path, $rest) = split ' ', $line, 3;
		if ($kind =~ /^hook-(.*)/) {
			next unless $1 eq $version;
			$kind = 'hook';
		}
		if ($kind eq 'file') {
			die "$path: in two patches\n" if exists $home{$path};
			$home{$path} = $index{$patch};
			next;
		}
		die "$patch: $line\n" unless $kind eq 'hook' ||
			($kind =~ /^(def|text|cftype)$/ && defined $rest);
		push @rules, { kind => $kind, path => $path, rest => $rest,
			       patch => $index{$patch}, line => "$patch: $line" };
	}
}

# The text in pieces: lines of the preprocessor, definitions, what is between them.
# A piece is [ text, name or undef ]; a comment belongs to what follows it at once.
sub pieces
{
	my ($text) = @_;
	my (@pieces, $comment);
	$comment = '';
	while (length $text) {
		if ($text =~ s/\A(\n+)//) {
			push @pieces, [ $comment, undef ] if length $comment;
			push @pieces, [ $1, undef ];
			$comment = '';
		} elsif ($text =~ s,\A(/\*.*?\*/\n|//[^\n]*\n),,s) {
			$comment .= $1;
		} elsif ($text =~ s/\A(#(?:.*\\\n)*.*\n)//) {
			my $line = $1;
			my $name = $line =~ /^#define\s+(\w+)/ ? $1 : undef;
			push @pieces, [ $comment . $line, $name ];
			$comment = '';
		} else {
			my ($item, $depth) = ('', 0);
			while ($text =~ s/\A(.*\n)//) {
				my $line = $1;
				my $code = $line =~ s,/\*.*?\*/,,gr =~ s/"(\\.|[^"\\])*"//gr =~ s/'(\\.|[^'\\])'//gr;
				$item .= $line;
				$depth += () = $code =~ /[\{\(]/g;
				$depth -= () = $code =~ /[\}\)]/g;
				last if $depth == 0 && $code =~ /[;\}]\s*$/;
			}
			push @pieces, [ $comment . $item, name_of($item) ];
			$comment = '';
		}
	}
	push @pieces, [ $comment, undef ] if length $comment;
	return @pieces;
}

sub name_of
{
	my ($item) = @_;
	my ($head) = $item =~ /\A([^\{;=]*)/s;
	return $1 if $head =~ /\A(?:\w+\s+)?(?:DEFINE|DECLARE)_\w+\((?:.*,\s*)?(\w+)(?:,\s*\w+)?\)/s && $head !~ /STATIC_KEY/;
	return $1 if $head =~ /\A(?:\w+\s+)?(?:DEFINE|DECLARE)_STATIC_KEY\w*\((\w+)/s;
	return $1 if $head =~ /\A\w+_initcall\((\w+)\)/;
	return $1 if $head =~ /\A(?:struct|enum|union)\s+(\w+)\s*\z/;
	return $1 if $head =~ /(\w+)\s*\(/ && $head !~ /\A[^(]*\[/;
	return $1 if $head =~ /(\w+)\s*(?:\[[^\]]*\]\s*)*\z/s;
	return undef;
}

# What is left of a file after the rules "text" and "cftype" of later patches.
sub without_later
{
	my ($kept, $whole, @mine) = @_;
	for my $rule (grep { $_->{kind} =~ /^(text|cftype)$/ && $_->{patch} > $now } @mine) {
		my @patterns = ($rule->{rest});
		@patterns = map { "^\\t\\{\\n\\t\\t\\.name = \"\Q$_\E\",\\n(?:\\t\\t.*\\n)*?\\t\\},\\n" } split ' ', $rule->{rest}
			if $rule->{kind} eq 'cftype';
		for my $pattern (@patterns) {
			die "$rule->{line}: matches nothing\n" unless $whole =~ /$pattern/m;
			$kept =~ s/$pattern//mg;
		}
	}
	return $kept;
}

my %made;
for my $path (sort keys %home) {
	my @mine = grep { $_->{path} eq $path } @rules;
	my @early = grep { $_->{kind} eq 'def' && $_->{patch} < $home{$path} && $_->{patch} <= $now } @mine;
	next if $home{$path} > $now && !@early;
	# with what a hook changes in it
	my $text = slurp("$final/$path");

	# which patch brings each definition
	my (%brings, %used);
	for my $rule (grep { $_->{kind} eq 'def' } @mine) {
		for my $name (split ' ', $rule->{rest}) {
			die "$rule->{line}: $name twice\n" if exists $brings{$name};
			$brings{$name} = $rule->{patch};
		}
	}
	my @pieces;
	my $head = 1;
	for my $piece (pieces($text)) {
		my ($body, $name) = @$piece;
		my $patch = $home{$path};
		if (defined $name && exists $brings{$name}) {
			$patch = $brings{$name};
			$used{$name} = 1;
		} elsif (!defined $name && ($head || $body =~ /^#/m || $body =~ /\A\n+\z/)) {
			# includes, conditions and blank lines
			$patch = -1;
		}
		$head = 0 if defined $name;
		push @pieces, { body => $body, name => $name, patch => $patch };
	}
	# a comment by itself is the title of what is below, and comes with the first of it
	my $first;
	for my $piece (reverse @pieces) {
		if (defined $piece->{name}) {
			$first = $piece->{patch} if !defined $first || $piece->{patch} < $first;
		} elsif ($piece->{patch} >= 0) {
			$piece->{patch} = $first if defined $first;
			$first = undef;
		}
	}
	my $kept = join '', map { $_->{body} } grep { $_->{patch} <= $now } @pieces;
	for my $name (sort keys %brings) {
		die "$path: no definition of $name\n" unless $used{$name};
	}
	$kept = without_later($kept, $text, @mine);
	# what is left of pieces that went
	$kept =~ s/\n{3,}/\n\n/g;
	$kept =~ s/\n+\z/\n/;
	$kept =~ s/\{\n\n/{\n/g;
	$kept =~ s/^#if(?:def|ndef)? .*\n(?:#else.*\n)?#endif.*\n\n?//mg;
	$made{$path} = $kept;
}

# Files that are not new: those changes are made to STOCK that this patch or one before
# it brings.
my %hooked = map { $_->{path} => 1 } grep { $_->{kind} eq 'hook' } @rules;
for my $path (sort keys %hooked) {
	my @mine = grep { $_->{path} eq $path } @rules;
	my @hooks = grep { $_->{kind} eq 'hook' } @mine;
	my (@old, @hunks, %used);
	@old = split /^/m, slurp("$stock/$path");
	for my $line (split /^/m, `diff -U0 '$stock/$path' '$final/$path' | tail -n +3`) {
		if ($line =~ /^@@ -(\d+)(?:,(\d+))? /) {
			my $count = $2 // 1;
			push @hunks, { at => $count ? $1 - 1 : $1, count => $count, text => '', new => '' };
		} else {
			$hunks[-1]{text} .= $line;
			$hunks[-1]{new} .= substr($line, 1) if $line =~ /^\+/;
		}
	}
	my ($kept, $next) = ('', 0);
	for my $hunk (@hunks) {
		my ($rule) = grep { defined $_->{rest} && $hunk->{text} =~ /$_->{rest}/m } @hooks;
		($rule) = grep { !defined $_->{rest} } @hooks unless defined $rule;
		die "$path: a change in no patch:\n$hunk->{text}" unless defined $rule;
		$used{$rule->{line}} = 1;
		next if $rule->{patch} > $now;
		$kept .= join '', @old[$next .. $hunk->{at} - 1];
		$kept .= $hunk->{new};
		$next = $hunk->{at} + $hunk->{count};
	}
	$kept .= join '', @old[$next .. $#old];
	for my $rule (@hooks) {
		die "$rule->{line}: matches nothing\n" unless $used{$rule->{line}};
	}
	$made{$path} = without_later($kept, slurp("$final/$path"), @mine);
}

for my $path (sort keys %made) {
	my $dir = "$out/$path" =~ s,/[^/]*$,,r;
	system('mkdir', '-p', $dir) == 0 or die "mkdir $dir\n";
	open(my $to, '>', "$out/$path") or die "$out/$path: $!\n";
	print $to $made{$path};
	close($to) or die "$out/$path: $!\n";
}

# Every new file has its patch.
my @all = map { chomp; s,^\./,,; $_ } `cd '$files' && find . -type f`;
for my $path (@all) {
	die "$path: in no patch of $series\n" unless exists $home{$path};
}
