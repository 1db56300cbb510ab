<?php
/** Comments in every state, with replies. */

/** Inserts a comment and records it. */
function rig_comment( string $key, string $post, string $text, $approved, string $date, string $parent = '', string $author = 'Wanda Welle' ): int {
	$id = rig_check(
		wp_insert_comment(
			array(
				'comment_post_ID'      => rig_id( $post ),
				'comment_author'       => $author,
				'comment_author_email' => 'wanda@example.org',
				'comment_author_url'   => 'https://example.org/wanda',
				'comment_content'      => $text,
				'comment_approved'     => $approved,
				'comment_date'         => $date,
				'comment_parent'       => $parent ? rig_id( $parent ) : 0,
			)
		)
	);
	rig_recorded(
		$key,
		array(
			'id'     => $id,
			'type'   => 'comment',
			'status' => wp_get_comment_status( $id ),
			'link'   => get_comment_link( $id ),
		)
	);
	return $id;
}

rig_comment( 'comment_first', 'commented_post', 'A first comment with <em>markup</em> & a <a href="https://example.org/">link</a>.', 1, '2024-03-08 10:00:00' );
rig_comment( 'comment_reply', 'commented_post', 'A reply.', 1, '2024-03-08 11:00:00', 'comment_first', 'Ольга' );
rig_comment( 'comment_reply_to_reply', 'commented_post', 'A reply to the reply.', 1, '2024-03-08 12:00:00', 'comment_reply' );
rig_comment( 'comment_hostile', 'commented_post', 'Hostile <script>window.pwned=1</script><img src=x onerror=window.pwned=1>', 1, '2024-03-08 13:00:00' );
rig_comment( 'comment_pending', 'commented_post', 'PENDING-COMMENT', 0, '2024-03-08 14:00:00' );
rig_comment( 'comment_spam', 'commented_post', 'SPAM-COMMENT', 'spam', '2024-03-08 15:00:00' );
rig_comment( 'comment_on_protected', 'protected_post', 'SECRET-COMMENT on the protected post.', 1, '2024-02-01 10:00:00' );
rig_comment( 'comment_on_archive', 'archive_40', 'Short.', 1, '2024-06-02 10:00:00' );
rig_comment( 'comment_on_page', 'company_page', 'On a page.', 1, '2021-04-02 10:00:00' );
